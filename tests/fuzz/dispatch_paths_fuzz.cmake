porpoise_fuzz(dispatch_paths LIBRARIES porpoise::engine)
