"""Reading and writing trees of files: the same code on the server and at the client.

A tree is a root folder and the paths below it. ``index`` remembers what was there, ``scan`` finds
out what changed since, and the other half carries changes over and applies them. Nothing here
knows of projects, servers or the network, and nothing in a tree is trusted.
"""
