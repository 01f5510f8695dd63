"""Configs of other frameworks, drawn at random, and the rates that each framework computes from them.

The frameworks here are not installed where the tests run. Each file transcribes what one of them computes, in its own
order of calls and with its own counter, and names the source.
"""
