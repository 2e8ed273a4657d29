"""What the flywheel makes of plans that heal with a known share."""
