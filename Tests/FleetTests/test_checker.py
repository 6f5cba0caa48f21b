"""The checker finds each kind of fault in made-up logs, and none in good ones."""
import random

import pytest

from support.checker import (
    Log, Note, Read, Send, Told, check, goes_back, owner, rooms_not_reached)
from support.marks import KIND, Marks, check_marks

ROOM, READERS = "!room", ["ann", "ben"]


def good_run(messages=30, seed=1):
    """A log without faults: every message acknowledged, some of them twice, all read by all."""
    chance = random.Random(seed)
    log, history = Log(), {ROOM: []}
    for number in range(messages):
        text, event = f"text {number}", f"$event{number}"
        log.sends.append(Send(ROOM, "ann", f"t{number}", text, number, number + 0.5,
                              [event] * chance.choice((1, 1, 2))))
        history[ROOM].append((event, text))
        for reader in READERS:
            log.read(Read(reader, ROOM, event, text, number + 0.6))
        log.notes.append(Note("ann", number, ("ben", "cid"), number, number + 0.5))
        for receiver in ("ben", "cid"):
            log.tell(Told(receiver, "ann", number, number + 0.6))
    log.tokens["ann"] = [f"s{number}" for number in range(messages)]
    return log, history


def violations(log, history):
    return check(log, history, {ROOM: READERS})


@pytest.mark.parametrize("seed", range(5))
def test_a_good_run_has_no_violation(seed):
    assert violations(*good_run(seed=seed)) == []


def test_a_message_that_is_not_acknowledged_may_be_lost_but_not_half_there():
    log, history = good_run()
    log.sends.append(Send(ROOM, "ann", "t99", "never answered", 99))
    assert violations(log, history) == []
    history[ROOM].append(("$late", "never answered"))
    assert [one.startswith(f"{reader} in !room missed 1") for one, reader in zip(
        violations(log, history), READERS)] == [True, True]


def test_a_note_that_is_not_acknowledged_may_be_lost_or_told():
    log, history = good_run()
    log.notes.append(Note("ann", 99, ("ben", "cid"), 99))
    log.tell(Told("ben", "ann", 99, 100))
    assert violations(log, history) == []
    assert log.unread_notes() == 0
    log.notes[-1].acknowledged = 101
    assert log.unread_notes() == 1
    log.tell(Told("cid", "ann", 99, 102))
    assert log.unread_notes() == 0


def break_lost_event(log, history):
    event, _ = history[ROOM].pop(7)
    for reader in READERS:
        log.reads[reader, ROOM] = [one for one in log.reads[reader, ROOM] if one.event != event]


def break_doubled_transaction(log, history):
    log.sends[3].answers.append("$second")
    history[ROOM].append(("$second", "text 3"))
    for reader in READERS:
        log.read(Read(reader, ROOM, "$second", "text 3", 99))


def break_doubled_delivery(log, history):
    log.reads["ben", ROOM].insert(9, log.reads["ben", ROOM][4])


def break_missed_delivery(log, history):
    del log.reads["ben", ROOM][5]


def break_order(log, history):
    reads = log.reads["ben", ROOM]
    reads[4], reads[5] = reads[5], reads[4]


def break_phantom(log, history):
    log.read(Read("ann", ROOM, "$phantom", "rolled back", 99))


def break_token(log, history):
    log.tokens["ann"] += ["s5~1.9", "s5~1.7"]


def break_wrong_id(log, history):
    log.sends[2].answers = ["$another"]


def break_lost_note(log, _):
    del log.told["cid"][5]


def break_doubled_note(log, _):
    log.told["cid"].append(log.told["cid"][5])


def break_order_of_notes(log, _):
    told = log.told["cid"]
    told[4], told[5] = told[5], told[4]


def break_receiver_of_note(log, _):
    log.tell(Told("ann", "ann", 5, 99))


def break_phantom_note(log, _):
    log.tell(Told("ben", "ann", 99, 99))


@pytest.mark.parametrize("damage, said", [
    (break_lost_note, "note 5 of ann to cid is lost"),
    (break_doubled_note, "cid was told note 5 of ann 2 times"),
    (break_order_of_notes, "cid was told the notes of ann in another order"),
    (break_receiver_of_note, "ann was told note 5 of ann, which is not for them"),
    (break_phantom_note, "ben was told note 99 of ann, which is not for them"),
    (break_lost_event, "acknowledged and is lost"),
    (break_doubled_transaction, "answered with different events"),
    (break_doubled_transaction, "message text 3 is 2 times in the history"),
    (break_doubled_delivery, "ben in !room read $event4 2 times"),
    (break_missed_delivery, "ben in !room missed 1 of 30"),
    (break_order, "ben in !room read in another order"),
    (break_phantom, "ann in !room read $phantom, which is not in the history"),
    (break_token, "ann's token went back from s5~1.9 to s5~1.7"),
    (break_wrong_id, "was acknowledged as $another and is"),
    (lambda log, _: log.refusals.append("403 for a member"), "403 for a member")])
def test_each_kind_of_fault_is_found(damage, said):
    log, history = good_run()
    damage(log, history)
    assert any(said in one for one in violations(log, history)), violations(log, history)


@pytest.mark.parametrize("before, after, back", [
    ("s5", "s6", False), ("s5", "s5", False), ("s6", "s5", True),
    ("s5~1.9", "s5~1.9~2.7", False), ("s5~1.9~2.7", "s5~1.9", True),
    ("s5~1.9~2.7", "s8~1.9", False), ("s5~1.9", "s8", True), ("s5~1.9", "s9", False),
    ("s5~1.9_3", "s5~1.10_2", True), ("s5~1.9_3", "s5~1.8_4", True),
    ("s5_3~1.4_k1f", "s5_3~1.5_k2", False), ("s5_3~1.4", "s5_3~1.3", True),
    ("opaque", "s1", False)])
def test_tokens_are_compared_writer_by_writer(before, after, back):
    assert goes_back(before, after) is back


def test_recovery_needs_a_new_message_read_by_all():
    log = Log()
    members = {ROOM: READERS}
    log.sends.append(Send(ROOM, "ann", "t1", "old", 1.0, 1.1, ["$1"]))
    for reader in READERS:
        log.read(Read(reader, ROOM, "$1", "old", 5.0))
    assert rooms_not_reached(log, members, 2.0, [ROOM]) == {ROOM}, "it began before the fault ended"
    log.sends.append(Send(ROOM, "ann", "t2", "new", 2.5, 2.6, ["$2"]))
    log.read(Read("ann", ROOM, "$2", "new", 3.0))
    assert rooms_not_reached(log, members, 2.0, [ROOM]) == {ROOM}, "one member has not read it"
    log.read(Read("ben", ROOM, "$2", "new", 3.1))
    assert rooms_not_reached(log, members, 2.0, [ROOM]) == set()


def test_rooms_are_shared_out_as_the_server_does():
    shares = {owner(f"!{number}:x", ["one", "two"]) for number in range(20)}
    assert shares == {"one", "two"}
    assert owner("!anything", ["only"]) == "only"


# ---- marks ---------------------------------------------------------------------------------

SUBJECT = ("state", ROOM, "ann")


def marked(*numbers, acknowledged):
    """Marks of one subject, as ben saw them; ann saw all."""
    marks = Marks()
    for _ in range(5):
        number = marks.begin(SUBJECT, ["ann", "ben"])
        marks.see("ann", SUBJECT, number)
    marks.acknowledge(SUBJECT, acknowledged)
    for number in numbers:
        marks.see("ben", SUBJECT, number)
    return marks


@pytest.mark.parametrize("seen,acknowledged,wrong", [
    ((1, 2, 3, 4, 5), 5, 0), ((2, 5), 5, 0), ((5, 5), 5, 0), ((2, 4), 4, 0), ((2, 5), 4, 0),
    ((1, 2), 3, 1), ((), 1, 1), ((2, 1, 5), 5, 1), ((2, 1), 3, 2), ((1, 6), 5, 1)])
def test_marks(seen, acknowledged, wrong):
    assert len(list(check_marks(marked(*seen, acknowledged=acknowledged)))) == wrong


def test_marks_that_have_not_come_are_counted():
    assert marked(1, 2, acknowledged=3).unseen() == 1
    assert marked(3, acknowledged=3).unseen() == 0


def test_marks_are_found_in_answers():
    marks = Marks()
    for subject in (SUBJECT, ("account_data", "", "ben"), ("account_data", ROOM, "ben"),
                    ("receipt", ROOM, "ann")):
        marks.begin(subject, ["ben"])
        marks.acknowledge(subject, 1)
    marks.receipts[ROOM, "ann", "$e"] = 1
    event = {"type": KIND, "content": {"number": 1}}
    marks.read("ben", {"account_data": {"events": [event]}, "rooms": {"join": {ROOM: {
        "account_data": {"events": [event]}, "state": {"events": []},
        "timeline": {"events": [event | {"state_key": "ann"}]},
        "ephemeral": {"events": [{"type": "m.receipt", "content": {
            "$e": {"m.read": {"ann": {"ts": 1}}}}}]}}}}})
    assert marks.unseen() == 0 and list(check_marks(marks)) == []
