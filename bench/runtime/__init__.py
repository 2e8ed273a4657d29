"""The actor runtime beside a bare trio channel, asyncio and Pykka, in one run."""
