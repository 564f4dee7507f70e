"""A process that stays ready to dial: a command need not import an SSH library to connect.

That import takes longer than connecting does. So the first command of a while leaves a small
process behind, the *dialler*, which has it done and ends by itself when nobody needs it. It makes a
new connection for each command, with all checks, and passes bytes; it keeps none, unless the user's
own ControlPersist says so.

``place``    where its socket is, and for whom
``words``    what travels over the socket, ``objects`` of ours included
``early``    asking for a connection before anybody needs it
``client``   the command's side: ``DialledConnection``
``keeping``  connections that wait, where ControlPersist says so
``service``  the dialler's side; the only module here that imports asyncssh
"""
