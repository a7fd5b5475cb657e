"""What Ctrl-C does, wherever it comes."""

from __future__ import annotations

import io
import os
import signal
import sys

import pytest

from bench.commands.interrupts import Interrupts


class CtrlC(io.RawIOBase):
    """A terminal whose user presses Ctrl-C while it is being written to."""

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        os.kill(os.getpid(), signal.SIGINT)
        return len(memoryview(data))  # type: ignore[arg-type] # the hint of io is any buffer


def test_ctrl_c_while_stderr_is_written_to_is_heard_and_answered(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(io.BufferedWriter(CtrlC()), write_through=True))
    with Interrupts() as interrupts:
        assert not interrupts.wanted()
        sys.stderr.write("progress\n")
        sys.stderr.flush()
        assert interrupts.wanted()
    monkeypatch.undo()
    assert "once more to stop at once" in capfd.readouterr().err


def test_a_second_ctrl_c_stops_at_once() -> None:
    with Interrupts():
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
