# SPDX-License-Identifier: Apache-2.0
"""Made-up reports of the slow-client bench: its JSON as the outside knows it, with texts that would like to be markup."""
import json

HOSTILE = "</script><script>window.broken=1</script><img src=http://127.0.0.1:9/x onerror=window.broken=2>\"'&\u001b[2J"
SAMPLES = 2000


def canary(calls=200, slowness=1.0):
    return {"calls": calls, "failures": 0, "medianSeconds": 0.0007 * slowness, "percentile99Seconds": 0.0019 * slowness,
            "longestSeconds": 0.0042 * slowness, "steadyBytes": 80_000_000, "longestGapSeconds": 0.02}


def sample(number, seconds, ended):
    """One moment of a profile whose calls stall at once; a peak of the canary in the middle, and a negative window."""
    time = number * seconds / SAMPLES
    is_open = ended is None or time < ended
    moment = {"seconds": time, "dataBytes": min(number, 100) * 6554, "openStreams": 4 if is_open else 0,
              "connectionWindowBytes": 16_000_000, "residentBytes": 30_000_000 + 1000 * number,
              "processorSeconds": round(time * 0.17, 2)}
    if is_open:
        moment["streamWindowBytes"] = max(65_535 - number * 700, -4096)
    if number % 3 == 0:
        moment["canarySeconds"] = 0.25 if number == SAMPLES // 6 * 3 else 0.0008
    return moment


def stream(number, ended):
    call = {"connection": 0, "stream": 2 * number + 1, "beganSeconds": 0.01, "lastDataSeconds": 0.5, "hasDetails": True,
            "dataBytes": 65_535, "messages": 3, "cutBytes": 0}
    if ended is not None:
        call |= {"endedSeconds": ended, "status": 8, "message": HOSTILE}
    return call


def profile(name, verdict, ended=10.6, seconds=12.0):
    return {
        "name": name, "summary": f"Do what {name} does.", "goodServer": "Ends each call.", "verdict": verdict,
        "criterion": "every call ends within 12 s", "reasons": [HOSTILE, "and so on"],
        "figures": {"endedCount": 4, "memoryGivenBack": "yes", "siblingRatio": 0.98, "worstSeconds": "infinite",
                    "messageText": "a sentence that a server sent about a stream that stalled, " * 4 + HOSTILE,
                    "wordText": "x" * 300},
        "seconds": seconds, "canary": canary(), "process": {
            "residentBytesBefore": 30_000_000, "residentBytesPeak": 32_000_000, "residentBytesAfter": 30_100_000,
            "processorSeconds": 2.0, "isAlive": True},
        "streams": [stream(number, ended) for number in range(4)],
        "samples": [sample(number, seconds, ended) for number in range(SAMPLES)]}


def report(label, deadline=10.0, profiles=None):
    """A report; by default of three profiles, of which the last took no samples."""
    if profiles is None:
        silent = profile("vanish", "inconclusive") | {"samples": [], "streams": []}
        del silent["process"]
        profiles = [profile("never-reads", "pass"), profile("window-shrink", "fail", ended=None), silent]
    verdicts = [each["verdict"] for each in profiles]
    return {
        "tool": {"name": "weir slow-clients", "format": 1}, "label": label, "target": "127.0.0.1:50051",
        "method": "/weir.data.v1.DataService/StreamData", "began": "2026-01-31T12:00:00Z", "seconds": 40.0,
        "isComplete": True, "settings": {"stallDeadlineSeconds": deadline, "durationSeconds": 20.0, "streams": 4,
                                         "connections": 1, "pid": 4711},
        "control": {"largestMessageBytes": 16_384, "bytesPerSecond": 4e8, "firstDataSeconds": 0.002},
        "canaryAlone": canary(), "summary": {
            verdict: verdicts.count(verdict) for verdict in ("pass", "weak", "fail", "inconclusive")},
        "profiles": profiles}


def write(folder, name, content):
    """Writes a report into a file, and returns its path."""
    path = folder / name
    path.write_text(json.dumps(content), encoding="utf-8")
    return path
