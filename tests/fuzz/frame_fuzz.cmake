porpoise_fuzz(frame LIBRARIES porpoise::wire)
