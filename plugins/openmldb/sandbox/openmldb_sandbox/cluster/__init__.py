"""The cluster that an OpenMLDB SDK finds through ZooKeeper, on the same engine as the REST side."""
