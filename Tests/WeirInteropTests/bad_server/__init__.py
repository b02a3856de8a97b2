# SPDX-License-Identifier: Apache-2.0
"""A gRPC server that is good, and bad in exactly the ways it is told: what a bench for slow clients is tried on.

    python3 -m bad_server --port 0 [--stall-deadline 2s] [--fault NAME]...

It serves `weir.data.v1.DataService/StreamData` (data set "synthetic") on plaintext HTTP/2 over plain sockets, in one
thread, and needs the `hpack` package only. `--list` names the faults.
"""
