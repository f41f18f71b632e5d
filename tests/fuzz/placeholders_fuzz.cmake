porpoise_fuzz(placeholders LIBRARIES porpoise::model)
