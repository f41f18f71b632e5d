porpoise_fuzz(command_json LIBRARIES porpoise::wire)
