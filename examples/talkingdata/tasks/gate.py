
# A CONDITIONS task branches on how this task ended, so the verdict has to be the exit status.
if "${force_fail}".lower() == "true":
    raise SystemExit("rejected: force_fail is set")
if auc < float("${min_auc}"):
    raise SystemExit("rejected: the AUC is below ${min_auc}")
