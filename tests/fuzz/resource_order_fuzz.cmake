porpoise_fuzz(resource_order LIBRARIES porpoise::model)
