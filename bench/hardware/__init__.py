"""The devices and the speed of this machine."""
