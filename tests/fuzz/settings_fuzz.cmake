porpoise_fuzz(settings LIBRARIES porpoise::config)
