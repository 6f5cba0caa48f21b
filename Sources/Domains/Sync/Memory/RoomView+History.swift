import DequeModule
import MatrixIdentifiers
import RoomEvents
import Rooms

extension RoomView {
  /// What the user may see of `timeline`.
  func history(of user: UserID) -> HistoryVisibility {
    HistoryVisibility(
      settings: changes(of: StateTuple(EventType.historyVisibility)) { stored, _ in
        HistoryVisibility.Setting(of: stored?.event)
      },
      memberships: membershipChanges(of: user))
  }

  /// What the user's membership was in `timeline`.
  func memberships(of user: UserID) -> MembershipHistory {
    MembershipHistory(membershipChanges(of: user))
  }

  private func membershipChanges(of user: UserID) -> [HistoryVisibility.Change<String>] {
    changes(of: .member(user)) { stored, next in
      stored?.event.membership ?? next?.previousMembership ?? Membership.leave
    }
  }

  /// Where a user who is not in the room ceased to be; nil when memory does not tell.
  func departure(of user: UserID) -> Int64? {
    let key = StateTuple.member(user)
    if let last = state[key], last.previousMembership == Membership.join {
      return last.streamOrdering
    }
    let leaving = timeline.last { entry in
      entry.stored.key == key && entry.stored.previousMembership == Membership.join
    }
    return leaving?.stored.streamOrdering
  }

  /// The values of a place of the state from before `timeline` on.
  /// - Parameter value: of an event, nil for none, and of the one that took its place.
  private func changes<Value>(
    of key: StateTuple, _ value: (StoredEvent?, StoredEvent?) -> Value
  ) -> [HistoryVisibility.Change<Value>] {
    var changes: [HistoryVisibility.Change<Value>] = []
    for entry in timeline where entry.stored.key == key {
      if changes.isEmpty {
        changes.append(HistoryVisibility.Change(.min, value(entry.replaced, entry.stored)))
      }
      changes.append(
        HistoryVisibility.Change(entry.stored.streamOrdering, value(entry.stored, nil)))
    }
    return changes.isEmpty ? [HistoryVisibility.Change(.min, value(state[key], nil))] : changes
  }
}
