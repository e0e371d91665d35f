"""The attributes in which overlayfs notes what an upper folder does to the one below it.

Source: Documentation/filesystems/overlayfs.rst of the kernel.
"""

PREFIX = "trusted.overlay."
OPAQUE = f"{PREFIX}opaque"  # hides what the lower layer has in a folder
REDIRECT = f"{PREFIX}redirect"  # a renamed folder's former name
METACOPY = f"{PREFIX}metacopy"  # the content of the file is below
