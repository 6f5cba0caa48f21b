"""Judges what clients logged: nothing acknowledged lost, nothing doubled, one order, no token
that goes back, recovery in time; of messages in rooms and of those between devices. It knows the
clients' logs and the final history, not the server.
"""
import hashlib
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from support.marks import Marks, check_marks


@dataclass
class Send:
    """One message, from its first attempt to its acknowledgement. Times are in seconds."""

    room: str
    sender: str
    transaction: str
    text: str  # different for every message
    began: float
    acknowledged: float | None = None
    answers: list[str] = field(default_factory=list)  # the event id of each answered attempt


@dataclass(frozen=True)
class Read:
    """One message as it came to a reader."""

    reader: str
    room: str
    event: str
    text: str
    at: float


@dataclass
class Note:
    """One message to devices of other users. Times are in seconds."""

    sender: str
    number: int  # ascending; the sender begins no note before the last one was acknowledged
    receivers: tuple[str, ...]
    began: float
    acknowledged: float | None = None


@dataclass(frozen=True)
class Told:
    """One note as it came to a device."""

    receiver: str
    sender: str
    number: int
    at: float


@dataclass
class Log:
    """What all clients of a run did and saw. Every list is in the order of time."""

    sends: list[Send] = field(default_factory=list)
    reads: dict[tuple[str, str], list[Read]] = field(default_factory=lambda: defaultdict(list))
    tokens: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    refusals: list[str] = field(default_factory=list)  # answers that no fault excuses
    arrivals: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    notes: list[Note] = field(default_factory=list)
    told: dict[str, list[Told]] = field(default_factory=lambda: defaultdict(list))
    marks: Marks = field(default_factory=Marks)

    def read(self, one):
        self.reads[one.reader, one.room].append(one)
        self.arrivals[one.text].add(one.reader)

    def tell(self, one):
        self.told[one.receiver].append(one)

    def come(self):
        """The notes that were told: (receiver, sender, number)."""
        return {(one.receiver, one.sender, one.number)
                for told in self.told.values() for one in told}

    def unread_notes(self):
        """How many acknowledged notes have not come to all of their receivers yet."""
        come = self.come()
        return sum(1 for note in self.notes if note.acknowledged is not None
                   and any((receiver, note.sender, note.number) not in come
                           for receiver in note.receivers))


def check(log, history, members):
    """Every violation, as a sentence.

    `history` is {room: [(event id, text)]} of all messages in the server's final order,
    `members` is {room: [reader]} with readers who were there before the first message.
    """
    return [
        *log.refusals, *check_transactions(log), *check_history(log, history),
        *check_readers(log, history, members), *check_tokens(log), *check_notes(log),
        *check_marks(log.marks)]


def check_transactions(log):
    """A transaction is one event, whichever worker was asked and how often."""
    for send in log.sends:
        if len(set(send.answers)) > 1:
            yield f"{name(send)} was answered with different events: {sorted(set(send.answers))}"


def check_history(log, history):
    """Each acknowledged message is there once; no other is there more than once."""
    for room, messages in history.items():
        for what, number in (("event", 0), ("message", 1)):
            for value, times in Counter(one[number] for one in messages).items():
                if times > 1:
                    yield f"{what} {value} is {times} times in the history of {room}"
    where = {text: (room, event) for room, messages in history.items() for event, text in messages}
    for send in log.sends:
        found = where.get(send.text)
        if send.answers and found is None:
            yield f"{name(send)} was acknowledged and is lost"
        elif send.answers and found != (send.room, send.answers[0]):
            yield f"{name(send)} was acknowledged as {send.answers[0]} and is {found}"


def check_readers(log, history, members):
    """Each member read each message of the room once, in the history's order."""
    for room, readers in members.items():
        order = {event: place for place, (event, _) in enumerate(history[room])}
        for reader in readers:
            read = [one.event for one in log.reads[reader, room]]
            yield from check_reader(f"{reader} in {room}", read, order)


def check_reader(who, read, order):
    for event, times in Counter(read).items():
        if times > 1:
            yield f"{who} read {event} {times} times"
        if event not in order:
            yield f"{who} read {event}, which is not in the history"
    missing = [event for event in order if event not in set(read)]
    if missing:
        yield f"{who} missed {len(missing)} of {len(order)} messages: {missing[:5]}"
    places = [order[event] for event in dict.fromkeys(read) if event in order]
    swaps = [place for place, following in zip(places, places[1:]) if following < place]
    if swaps:
        yield f"{who} read in another order than the history at {len(swaps)} places"


def check_notes(log):
    """Each acknowledged note came to each of its receivers once, in the order of its sender; no
    other came more than once, or to somebody else."""
    sent = {(note.sender, note.number): note for note in log.notes}
    for receiver, told in log.told.items():
        for (sender, number), times in Counter((one.sender, one.number) for one in told).items():
            note = sent.get((sender, number))
            if times > 1:
                yield f"{receiver} was told note {number} of {sender} {times} times"
            if note is None or receiver not in note.receivers:
                yield f"{receiver} was told note {number} of {sender}, which is not for them"
        for sender in {one.sender for one in told}:
            numbers = list(dict.fromkeys(one.number for one in told if one.sender == sender))
            if numbers != sorted(numbers):
                yield f"{receiver} was told the notes of {sender} in another order"
    come = log.come()
    for note in log.notes:
        for receiver in note.receivers if note.acknowledged is not None else ():
            if (receiver, note.sender, note.number) not in come:
                yield f"note {note.number} of {note.sender} to {receiver} is lost"


def check_tokens(log):
    """Along a reader's loop no writer's position in any stream goes back."""
    for reader, tokens in log.tokens.items():
        for before, after in zip(tokens, tokens[1:]):
            if goes_back(before, after):
                yield f"{reader}'s token went back from {before} to {after}"


def goes_back(before, after):
    """True when `after` stands for less than `before` in any stream. Tokens of another form are not
    judged here: what they would show again or leave out is found by check_readers."""
    old, new = positions(before), positions(after)
    if old is None or new is None:
        return False
    return any(behind(earlier, later) for earlier, later in zip(old, new))


def behind(old, new):
    """True when a writer's position in one stream has gone back."""
    (old_minimum, old_writers), (new_minimum, new_writers) = old, new
    writers = set(old_writers) | set(new_writers)
    return new_minimum < old_minimum or any(
        new_writers.get(writer, new_minimum) < old_writers.get(writer, old_minimum)
        for writer in writers)


def positions(token):
    """[(minimum, {writer: position})], one for each stream, of the text
    `s<minimum>~<writer>.<position>~..._<the same of another stream>_...`; what begins with `k` is
    no position."""
    if not token.startswith("s"):
        return None
    found = [position(part) for part in token[1:].split("_") if not part.startswith("k")]
    return None if None in found else found


def position(text):
    if not re.fullmatch(r"\d+(~\d+\.\d+)*", text):
        return None
    minimum, *rest = text.split("~")
    pairs = (part.split(".") for part in rest)
    return int(minimum), {int(writer): int(place) for writer, place in pairs}


def name(send):
    return f"{send.text} (transaction {send.transaction} of {send.sender} in {send.room})"


# ---- recovery ------------------------------------------------------------------------------

def rooms_not_reached(log, members, since, rooms):
    """Rooms in which no message begun after `since` was acknowledged and read by all members."""
    left = set(rooms)
    for send in reversed(log.sends):
        if send.began < since or not left:
            break
        if send.answers and log.arrivals[send.text] >= set(members[send.room]):
            left.discard(send.room)
    return left


def owner(room, writers):
    """The writer of a room: its id's SHA-256 as a little-endian number, modulo the writers."""
    digest = hashlib.sha256(room.encode()).digest()
    return writers[int.from_bytes(digest, "little") % len(writers)]
