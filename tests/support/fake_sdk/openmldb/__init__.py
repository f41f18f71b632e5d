"""Not OpenMLDB's SDK: what sdk_client.py uses of its native half, for faults that no cluster shows when asked to."""
