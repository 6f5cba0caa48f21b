package import EventAuth
package import MatrixIdentifiers
package import RoomEvents

/// Takes a received event through the checks, one after the other, and asks for what each needs.
///
/// spec: server-server-api#checks-performed-on-receipt-of-a-pdu
package struct ReceiptMachine: Sendable {
  package enum Need: Sendable, Equatable {
    /// Signing keys of servers by their ids. Those that cannot be had are left out.
    case keys([ServerName: [String]])
    /// What the event cites. These are to be received first.
    case citedEvents([EventID])
    /// The events in these places of the state before the event.
    case stateBefore([StateTuple])
    /// The events in these places of the room's state as it is now.
    case currentState([StateTuple])
    case nothing(ReceiptVerdict)
  }

  private enum Stage {
    case signatures(Event, genuine: Event)
    case citedEvents(Event)
    case stateBefore(Event)
    case currentState(Event)
    case done(Event?, ReceiptVerdict)
  }

  private let kind: ReceiptKind
  private var isRedacted = false
  private var stage: Stage

  /// - Parameter bytes: JSON as another server sent it.
  package init(_ bytes: [UInt8], in room: RoomID, version: RoomVersion, kind: ReceiptKind) {
    self.kind = kind
    do {
      let event = try validEvent(bytes, in: room, version: version)
      let (genuine, isRedacted) = try eventWithGenuineContent(event)
      self.isRedacted = isRedacted
      stage = .signatures(event, genuine: genuine)
    } catch {
      stage = .done(nil, .drop(error))
    }
  }

  /// Goes on with an event that has passed the checks up to the third.
  package init(genuine event: Event, isRedacted: Bool, kind: ReceiptKind) {
    self.kind = kind
    self.isRedacted = isRedacted
    stage = .citedEvents(event)
  }

  /// The event as far as it was found to be genuine; nil for what is none.
  package var event: Event? {
    switch stage {
    case .signatures(let event, _), .citedEvents(let event), .stateBefore(let event),
      .currentState(let event):
      event
    case .done(let event, _): event
    }
  }

  package var need: Need {
    switch stage {
    case .signatures(let event, let genuine):
      .keys(SignatureCheck.keysNeeded(for: event, genuine: genuine))
    case .citedEvents(let event): .citedEvents(AuthByAuthEvents.needed(for: event))
    case .stateBefore(let event): .stateBefore(statePlaces(for: event))
    case .currentState(let event): .currentState(statePlaces(for: event))
    case .done(_, let verdict): .nothing(verdict)
    }
  }

  package mutating func give(_ keys: ServerKeys) {
    guard case .signatures(let event, let genuine) = stage else { return }
    do throws(DropReason) {
      try SignatureCheck.check(event, genuine: genuine, keys)
      stage = .citedEvents(genuine)
    } catch {
      stage = .done(event, .drop(error))
    }
  }

  /// - Parameter cited: by id, without those that could not be had.
  package mutating func give(citedEvents cited: [EventID: CitedEvent]) {
    guard case .citedEvents(let event) = stage else { return }
    let missing = AuthByAuthEvents.needed(for: event).filter { cited[$0] == nil }
    guard missing.isEmpty else {
      stage = .done(event, .drop(.missingAuthEvents(missing)))
      return
    }
    do throws(AuthRejection) {
      try AuthByAuthEvents.check(event, cited)
      stage = kind == .outlier ? passed(event) : .stateBefore(event)
    } catch {
      stage = .done(event, .reject(error))
    }
  }

  package mutating func give(stateBefore state: some AuthState) {
    guard case .stateBefore(let event) = stage else { return }
    do throws(AuthRejection) {
      try AuthByStateBefore.check(event, state)
      stage = kind == .live ? .currentState(event) : passed(event)
    } catch {
      stage = .done(event, .reject(error))
    }
  }

  package mutating func give(currentState state: some AuthState) {
    guard case .currentState(let event) = stage else { return }
    do throws(AuthRejection) {
      try AuthByCurrentState.check(event, state)
      stage = passed(event)
    } catch {
      stage = .done(event, .softFail(error))
    }
  }

  private func passed(_ event: Event) -> Stage {
    .done(event, .accept(isRedacted: isRedacted))
  }
}
