"""A small process between the runner and one agent, so that nothing the agent starts outlives it.

    python -I -S keeper.py CONTROL_FD STATUS_FD GRACE_SEC ARGV...

Coding clients put tool commands in sessions of their own, so ending a process group does not end
their work (seen with all six clients). The keeper is a child subreaper: whatever its descendants
leave behind becomes its child, however they called setsid. One keeper an attempt means that
descendants need no attribution: all below it are this attempt's, and none of another's. When
`waitpid` says that no child is left, the tree is gone for certain.

Rules:
 * The tree ends when the agent exits, when the runner writes to CONTROL or dies (its end of the
   pipe closes, by SIGKILL too), and when the keeper gets SIGTERM: TERM, GRACE, then KILL.
 * STATUS gets one line an event: `started PID`, `failed ERRNO`, `exited CODE`, `ended LEFTOVERS`.
 * If the keeper itself is killed, the agent's own process dies by PR_SET_PDEATHSIG; its descendants
   are then found by the marker in their environment (`leftovers.py`).
 * Standard library only and few modules of it: this start is part of each attempt (12 ms; a shell
   would take 1 ms but cannot be a subreaper).

Outside Linux there are no subreapers: only the agent's process group is ended here, and the runner
ends the rest by the marker.
"""

import ctypes
import os
import select
import signal
import sys
import time

# linux/prctl.h
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36

LINUX = sys.platform == "linux"
POLL_SEC = 0.01
KILL_SEC = 10.0  # how long KILL is repeated before the keeper gives up on uninterruptible processes


def main() -> None:
    """Run one agent to its end, and its tree with it."""
    control, status, grace = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    os.set_inheritable(control, False)
    os.set_inheritable(status, False)
    woken = _wakeups()
    if LINUX:
        _prctl(PR_SET_CHILD_SUBREAPER, 1)
    pid, error = start(sys.argv[4:])
    if error:
        _say(status, f"failed {error}")
        return
    # The agent alone holds the pipes now, so their end is the end of its output.
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    _say(status, f"started {pid}")
    code = wait(pid, control, woken)
    if code is not None:
        _say(status, f"exited {code}")
    left = end_all(pid, grace, ended=code is not None, status=status)
    _say(status, f"ended {left}")


def start(argv: list[str]) -> tuple[int, int]:
    """(process id, 0), or (process id, errno) when it could not be executed."""
    reader, writer = os.pipe()  # close-on-exec: it closes by itself when the exec succeeds
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        try:
            os.setsid()
            for name in (signal.SIGPIPE, signal.SIGINT, signal.SIGTERM, signal.SIGXFSZ):
                signal.signal(name, signal.SIG_DFL)
            if LINUX:
                _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
                if os.getppid() != parent:  # the keeper died before the request took effect
                    os._exit(127)
            os.execvp(argv[0], argv)
        except OSError as error:
            os.write(writer, str(error.errno).encode())
        finally:
            os._exit(127)
    os.close(writer)
    failed = os.read(reader, 16)
    os.close(reader)
    if failed:
        os.waitpid(pid, 0)
    return pid, int(failed or b"0")


def wait(pid: int, control: int, woken: int) -> int | None:
    """The exit code (minus the signal) of the agent; None when the end was asked for first."""
    poller = select.poll()
    poller.register(control, select.POLLIN | select.POLLHUP)
    poller.register(woken, select.POLLIN)
    while True:
        asked = False
        for fd, _ in poller.poll():
            if fd == control or signal.SIGTERM in os.read(woken, 512):
                asked = True
        code = reap(pid)[1]
        if code is not None or asked:
            return code


def reap(pid: int) -> tuple[bool, int | None]:
    """(whether any child is left, the agent's exit code if it was among the reaped)."""
    code = None
    while True:
        try:
            done, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return False, code
        if done == 0:
            return True, code
        if done == pid:
            code = os.waitstatus_to_exitcode(status)


def end_all(pid: int, grace: float, *, ended: bool, status: int) -> int:
    """How many processes had to be ended besides the agent's own; none is left after it."""
    more, ended = _reap_and_say(pid, ended, status)
    signalled = send(pid, signal.SIGTERM) if more else set()
    began = time.monotonic()
    while more and time.monotonic() < began + grace:
        time.sleep(POLL_SEC)
        more, ended = _reap_and_say(pid, ended, status)
    while more and time.monotonic() < began + grace + KILL_SEC:
        # Again and again: a killed parent's children come up here as ours, new ones included.
        signalled |= send(pid, signal.SIGKILL)
        time.sleep(POLL_SEC)
        more, ended = _reap_and_say(pid, ended, status)
    return len(signalled - {pid})


def _reap_and_say(pid: int, ended: bool, status: int) -> tuple[bool, bool]:
    more, code = reap(pid)
    if code is not None:
        _say(status, f"exited {code}")
    return more, ended or code is not None


def send(pid: int, number: int) -> set[int]:
    """The processes of the tree that were sent the signal, stopped ones woken to receive it."""
    if not LINUX:
        try:
            os.killpg(pid, number)
        except OSError:
            pass
        return set()
    found = descendants()
    for each, born in found.items():
        _signal_one(each, born, number)
        if number == signal.SIGTERM:
            _signal_one(each, born, signal.SIGCONT)
    return set(found)


def descendants() -> dict[int, str]:
    """Each live process below this one with its start time."""
    children: dict[int, list[tuple[int, str]]] = {}
    for name in os.listdir("/proc"):  # noqa: PTH208 - pathlib would double the start
        if name.isdigit() and (stat := _stat(int(name))) is not None:
            parent, born = stat
            children.setdefault(parent, []).append((int(name), born))
    found: dict[int, str] = {}
    todo = [os.getpid()]
    while todo:
        for pid, born in children.get(todo.pop(), ()):
            found[pid] = born
            todo.append(pid)
    return found


def _stat(pid: int) -> tuple[int, str] | None:
    """(parent, start time) of a process that is not a zombie; see proc(5), /proc/pid/stat."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123 - as above
            words = file.read().rpartition(b")")[2].split()
    except OSError:
        return None
    return None if words[0] in b"ZX" else (int(words[1]), words[19].decode())


def _signal_one(pid: int, born: str, number: int) -> None:
    """Signal it through a pidfd, so that a process that took over its id is never hit."""
    try:
        fd = os.pidfd_open(pid)
    except OSError:
        return
    try:
        stat = _stat(pid)
        if stat is not None and stat[1] == born:
            signal.pidfd_send_signal(fd, number)
    except OSError:
        pass
    finally:
        os.close(fd)


def _wakeups() -> int:
    """A descriptor that becomes readable at SIGCHLD and SIGTERM; its bytes are signal numbers."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    for number in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    return reader


def _prctl(option: int, value: int) -> None:
    ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _say(status: int, line: str) -> None:
    try:
        os.write(status, line.encode() + b"\n")
    except OSError:
        pass  # the runner is gone; ending the tree is all that is left to do


if __name__ == "__main__":
    main()
    os._exit(0)  # nothing to clean up, and the interpreter's own end takes milliseconds
