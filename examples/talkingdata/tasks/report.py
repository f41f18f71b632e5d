"""Say why the model of this run was not deployed."""

AUC = "${auc}"
MIN_AUC = "${min_auc}"
FORCE_FAIL = "${force_fail}"


def reason():
    if FORCE_FAIL.lower() == "true":
        return "force_fail is set"
    if AUC.startswith("$"):  # the placeholder itself: validation ended before it had a result
        return "validation failed"
    return "the AUC is below %s" % MIN_AUC


print("auc: %s" % ("unknown" if AUC.startswith("$") else AUC))
print("not deployed: %s" % reason())
print("What is in service stays there. The rejected model: ${model_path}")
