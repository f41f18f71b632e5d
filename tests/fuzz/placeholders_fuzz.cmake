porpoise_fuzz(placeholders LIBRARIES porpoise::task)
