"""The keyboard: what terminals send, and what programs get for it. Pure, and quick to import.

input     bytes of the outer terminal to keys, pastes and reports
decoder   one key's bytes to a key event
encoder   a key event to what a program asked for; kitty: in the kitty keyboard protocol
"""
