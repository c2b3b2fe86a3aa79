"""Ctrl-C is held back, let through, and never lost."""

import os
import signal
import threading

import pytest

from src.utils.interrupts import Interrupts


def press() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_held_back_until_allowed() -> None:
    passed = []
    with pytest.raises(KeyboardInterrupt), Interrupts() as interrupts:
        press()
        passed.append("safe")
        with interrupts.allowed():
            passed.append("unsafe")
    assert passed == ["safe"]


def test_let_through_at_once() -> None:
    passed = []
    with pytest.raises(KeyboardInterrupt), Interrupts() as interrupts, interrupts.allowed():
        press()
        passed.append("too far")
    assert not passed


def test_held_back_to_the_end() -> None:
    passed = []
    with pytest.raises(KeyboardInterrupt), Interrupts() as interrupts:
        with interrupts.allowed():
            pass
        press()
        passed.append("safe")
    assert passed == ["safe"]


def test_the_second_does_not_break_off_what_the_first_set_going() -> None:
    cleaned = []
    with pytest.raises(KeyboardInterrupt), Interrupts() as interrupts:
        try:
            with interrupts.allowed():
                try:
                    press()
                finally:
                    press()
                    cleaned.append("inside")
        except KeyboardInterrupt:
            cleaned.append("outside")
    assert cleaned == ["inside", "outside"]


def test_another_error_is_not_hidden() -> None:
    with pytest.raises(ValueError, match="mine"), Interrupts():
        press()
        raise ValueError("mine")


def test_the_handler_is_put_back() -> None:
    before = signal.getsignal(signal.SIGINT)
    with Interrupts():
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before


def test_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Interrupts() as interrupts, interrupts.allowed():
            assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
            press()
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_other_threads_are_left_alone() -> None:
    before = signal.getsignal(signal.SIGINT)
    seen = []

    def work() -> None:
        with Interrupts() as interrupts, interrupts.allowed():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]
