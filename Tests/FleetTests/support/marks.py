"""Marks: what users set again and again (account data, state, receipts), each with a growing
number. What is acknowledged must stay, and nobody may see a subject go back."""
from collections import defaultdict
from dataclasses import dataclass, field

KIND = "org.example.mark"


@dataclass
class Mark:
    """What one user has set of one subject, and how the others saw it."""

    watchers: frozenset[str]
    begun: int = 0
    acknowledged: int = 0
    seen: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))


class Marks:
    """By subject: (kind, room or "", user)."""

    def __init__(self):
        self.subjects = {}
        self.receipts = {}  # (room, user, event): number

    def begin(self, subject, watchers):
        """The number of the next change."""
        mark = self.subjects.setdefault(subject, Mark(frozenset(watchers)))
        mark.begun += 1
        return mark.begun

    def acknowledge(self, subject, number):
        self.subjects[subject].acknowledged = number

    def see(self, watcher, subject, number):
        if subject in self.subjects:
            self.subjects[subject].seen[watcher].append(number)

    def unseen(self):
        """How many acknowledged marks have not come to all who watch them."""
        return sum(1 for mark in self.subjects.values() for watcher in mark.watchers
                   if max(mark.seen[watcher], default=0) < mark.acknowledged)

    def read(self, watcher, reply):
        """Takes the marks out of an answer to /sync."""
        for event in reply.get("account_data", {}).get("events", []):
            if event["type"] == KIND:
                self.see(watcher, ("account_data", "", watcher), event["content"]["number"])
        for room, entry in reply.get("rooms", {}).get("join", {}).items():
            for event in entry["account_data"]["events"]:
                if event["type"] == KIND:
                    self.see(watcher, ("account_data", room, watcher), event["content"]["number"])
            for event in entry["state"]["events"] + entry["timeline"]["events"]:
                if event["type"] == KIND:
                    self.see(watcher, ("state", room, event["state_key"]),
                             event["content"]["number"])
            for event in entry["ephemeral"]["events"]:
                if event["type"] == "m.receipt":
                    self._read_receipts(watcher, room, event["content"])

    def _read_receipts(self, watcher, room, content):
        for event, kinds in content.items():
            for user in kinds.get("m.read", {}):
                number = self.receipts.get((room, user, event))
                if number:
                    self.see(watcher, ("receipt", room, user), number)


def check_marks(marks):
    """Each watcher saw the last acknowledged change or a later one, and none after a later one."""
    for subject, mark in marks.subjects.items():
        for watcher in mark.watchers:
            seen = mark.seen[watcher]
            if seen != sorted(seen):
                yield f"{watcher} saw {subject} go back: {seen[-10:]}"
            if not mark.acknowledged <= max(seen, default=0) <= mark.begun:
                yield (f"{watcher} saw {subject} at {max(seen, default=0)}; acknowledged was "
                       f"{mark.acknowledged}, begun {mark.begun}")
