porpoise_fuzz(workflow_import LIBRARIES porpoise::replay)
