porpoise_fuzz(log_page LIBRARIES porpoise::logs)
