# SPDX-License-Identifier: Apache-2.0
"""The faults by name, one for each thing that a bench for slow clients claims to detect."""

FAULTS = {
    "ignores-stalls": "never ends a stalled stream, nor a connection whose socket takes nothing",
    "ends-late": "ends a stalled stream after three times the deadline",
    "buffers-without-bound": "the handler of a stream that stands still goes on producing, 20 MiB a second, up to the cap",
    "resets-silently": "ends a stalled stream with RST_STREAM and no trailers",
    "drops-connection": "closes the connection instead of ending the stalled stream",
    "no-message": "ends a stalled stream with a status that has no text",
    "cuts-honest-readers": "ends every stream that is older than half the deadline, though it moves",
    "starves-siblings": "serves the streams of a connection in strict order, the first until it is over",
    "one-connection-at-a-time": "waits for a connection that stands still and leaves all others alone meanwhile",
    "leaks": "keeps 3 MiB for every stream that stood still when it ended, up to the cap",
    "busy-loop": "polls without a pause while a stream stands still",
    "violates-window": "sends up to 1 KiB past every window that stays closed",
    "silly-frames": "answers every byte of a small window with a DATA frame of its own",
    "answers-floods-unbounded": "queues every answer to PING and SETTINGS, read or not",
    "no-settings-timeout": "waits for ever for the acknowledgement of its SETTINGS",
    "no-preface-deadline": "waits for ever for the client's preface and its SETTINGS",
    "no-header-deadline": "waits for ever for the rest of a frame or of a header block",
    "no-request-deadline": "waits for ever for the rest of a request",
    "ignores-resets": "a handler goes on, and its stream sends, if it stood still when the client reset it",
    "no-reset-limit": "takes any number of resets",
    "goaway-kills-streams": "a GOAWAY of the client ends the streams that are open",
    "loses-data": "drops a piece of the data when a stream goes on after it stood still",
    "window-shrink-breaks": "a stream whose window went below zero never sends again",
    "forgets-update-at-exhaustion": "a window that was used up exactly is never seen to open again",
}


class Faults:
    """One flag per fault, with underscores for hyphens: `faults.ends_late`."""

    def __init__(self, names=()):
        unknown = sorted(set(names) - set(FAULTS))
        if unknown:
            raise ValueError(f"unknown fault {unknown[0]}")
        for name in FAULTS:
            setattr(self, name.replace("-", "_"), name in names)
