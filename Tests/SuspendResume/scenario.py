"""What becomes of running flows when the machine sleeps or its clock is set, with an agent and without.

Times are seconds of the clock that stands still while the machine sleeps.
"""

import json
import time

from network import Network, Stuck, command, until

BRIEFLY, ALWAYS = 6060, 7070
HOUR = 3600


def say(**members):
    print("SAYS " + json.dumps(members), flush=True)


def asleep():
    """How long the machine has slept since its start."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) - time.clock_gettime(time.CLOCK_MONOTONIC)


def sleep(seconds):
    """Suspends to memory; the real-time clock wakes the machine. Returns how long it slept."""
    with open("/sys/class/rtc/rtc0/wakealarm", "w") as alarm:
        alarm.write(f"+{seconds}")
    before = asleep()
    with open("/sys/power/state", "w") as state:
        state.write("mem")
    return asleep() - before


def permit(network, seconds):
    """One port for so long, the other for good; returns the end by the wall clock."""
    end = int(time.time()) + seconds
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(end))
    network.apply(
        f'  - {{ name: always, source: "*", destination: "*", allow: [tcp/{ALWAYS}] }}\n'
        f'  - {{ name: briefly, source: "*", destination: "*", allow: [tcp/{BRIEFLY}], when: {{ until: "{moment}" }} }}\n'
    )
    return end


def flows(network, lives, left):
    """Both flows run; the grant of the second has that many seconds left at least. With an agent on the other side or not."""
    for seconds in (left + 15, left + 60, left + 180):
        end = permit(network, seconds)
        steady, brief = network.flow(ALWAYS), network.flow(BRIEFLY)
        if brief is None:
            continue
        if not lives:
            network.carol.agent.kill()
        if not (steady.runs() and brief.runs()):
            raise Stuck(f"the flows ended with the agent: {steady.end}, {brief.end}")
        if end - time.time() >= left:
            return steady, brief, end
        if not lives:
            network.carol.begin()
    raise Stuck("this machine is too slow")


def suspend(network, lives):
    """Sleeps until after the grant's end; its timeout has 20 s left when the machine wakes."""
    left = 20
    steady, brief, end = flows(network, lives, left)
    slept = sleep(int(end - time.time()) + 5)
    woken = time.monotonic()
    if slept < 5 or time.time() < end:
        raise Stuck(f"slept for {slept} s")
    members = measure(network, lives, steady, brief, woken, left / 2) | {"slept": round(slept, 1)}
    if not lives:
        revive(network)
    return members


def step(network, lives, seconds):
    """Sets the wall clock; the grant has half as long. The server's is the same one: it must not stay behind what it has signed."""
    steady, brief, _ = flows(network, lives, HOUR // 2)
    moment = time.monotonic()
    time.clock_settime(time.CLOCK_REALTIME, time.time() + seconds)
    members = measure(network, lives, steady, brief, moment, 15, ends=seconds > 0 or not lives)
    if seconds < 0:
        time.clock_settime(time.CLOCK_REALTIME, time.time() - seconds)
    if not lives:
        revive(network)
    return members


def measure(network, lives, steady, brief, since, limit, ends=True):
    """What ended is over soon after that moment. What is still allowed goes on, when somebody lives who knows."""
    carol = network.carol
    members = {}
    if ends:
        until("the end", lambda: brief.quiet(limit), 3 * limit)
        members["last_byte"] = round(brief.last - since, 2)
        if members["last_byte"] > limit:
            raise Stuck(f"bytes {members['last_byte']} s after the moment")
    elif not brief.runs():
        raise Stuck("what is still allowed has ended")
    if lives:
        members["goes_on"] = steady.runs()
        if not members["goes_on"]:
            raise Stuck(f"what is still allowed has ended: {steady.end}")
        return members
    until("the other's end", lambda: steady.quiet(limit), 3 * limit)
    members["other_last_byte"] = round(steady.last - since, 2)
    if carol.engines() or "zt-carol" in command("ip", "-n", "carol", "link"):
        raise Stuck("the engine lives")
    return members


def revive(network):
    """The next agent begins anew."""
    network.carol.begin()
    until("carol to enforce", network.carol.enforcing)
    if network.flow(ALWAYS) is None:
        raise Stuck("the next agent lets nothing in")


def run():
    begun = time.monotonic()
    network = Network([BRIEFLY, ALWAYS])
    say(step="begin", booted=round(begun, 1), seconds=round(time.monotonic() - begun, 1))
    for name, part in (
        ("suspend, agent alive", lambda: suspend(network, True)),
        ("suspend, agent killed", lambda: suspend(network, False)),
        ("an hour on, agent alive", lambda: step(network, True, HOUR)),
        ("an hour on, agent killed", lambda: step(network, False, HOUR)),
        ("an hour back, agent killed", lambda: step(network, False, -HOUR)),
        ("an hour back, agent alive", lambda: step(network, True, -HOUR)),
    ):
        say(step=name, **part())
    say(step="end", ok=True, seconds=round(time.monotonic() - begun, 1))
