# SPDX-License-Identifier: Apache-2.0
"""The command line."""
import argparse
import faulthandler
import signal

from .faults import FAULTS, Faults
from .server import Server

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0}


def duration(text):
    """`500ms`, `2s`, `1m` or plain seconds, as seconds."""
    for unit in ("ms", "s", "m"):
        if text.endswith(unit):
            number, factor = text[:-len(unit)], UNITS[unit]
            break
    else:
        number, factor = text, 1.0
    seconds = float(number) * factor
    if not 0.01 <= seconds <= 86_400:
        raise argparse.ArgumentTypeError(f"{text} is not between 10ms and a day")
    return seconds


def parse(arguments=None):
    """The options, checked."""
    parser = argparse.ArgumentParser(prog="bad_server", description="A gRPC server with faults to choose from.")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 picks a free one (default 0)")
    parser.add_argument("--fault", action="append", default=[], choices=FAULTS, metavar="NAME",
                        help="a fault to have; may be repeated")
    parser.add_argument("--list", action="store_true", help="print the faults and end")
    for name, default, what in (
        ("stall", "2s", "a stream or socket that moves no byte"), ("preface", "2s", "preface and first SETTINGS"),
        ("settings", "2s", "the acknowledgement of SETTINGS"), ("header", "2s", "the rest of a frame or header block"),
        ("request", "2s", "the whole of a request"),
    ):
        parser.add_argument(f"--{name}-deadline", type=duration, default=duration(default), metavar="DURATION",
                            help=f"for {what} (default {default})")
    parser.add_argument("--memory-cap", type=int, default=400, metavar="MIB",
                        help="what faults may keep in memory at most, all together (default 400)")
    options = parser.parse_args(arguments)
    options.faults = Faults(options.fault)
    return options


def main(arguments=None):
    """Serves until SIGTERM or SIGINT."""
    options = parse(arguments)
    if options.list:
        for name, what in FAULTS.items():
            print(f"{name:30} {what}")
        return 0
    server = Server(options)
    faulthandler.register(signal.SIGUSR1)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: server.stop())
    print(f"listening on 127.0.0.1:{server.port}", flush=True)
    server.run()
    return 0
