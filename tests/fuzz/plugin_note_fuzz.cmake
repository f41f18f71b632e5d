porpoise_fuzz(plugin_note LIBRARIES porpoise::plugin)
