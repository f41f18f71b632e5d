porpoise_fuzz(switch_rule LIBRARIES porpoise::model)
