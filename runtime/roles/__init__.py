"""The wiring: `appliance` and `central`, one function each that reads as the flow."""
