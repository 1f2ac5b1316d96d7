"""What runs the flows: the server with its worker, deployments, containers."""
