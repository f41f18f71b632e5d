"""The cluster side of the sandbox: what an OpenMLDB SDK finds through ZooKeeper, on the same engine as the REST side."""
