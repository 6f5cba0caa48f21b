import MatrixJSON

/// What differs between room versions, as data. Each version is the one before it, except for
/// what it names; nothing outside this file and the redaction tables tells versions apart.
package struct RoomVersionRules: Sendable {
  package private(set) var stateResolution: StateResolutionAlgorithm
  package private(set) var eventIDs: EventIDForm
  package private(set) var redaction: RedactionRules
  /// False: fractions, long integers and repeated keys must be put up with in events.
  package private(set) var jsonIsStrict: Bool
  /// The depth that an event never exceeds, however deep its room is.
  package private(set) var maximumDepth: Int64
  /// Keys that are out of date when an event was made cannot vouch for it.
  package private(set) var enforcesKeyValidity: Bool

  package private(set) var joinRules: Set<JoinRule>
  package private(set) var powerLevelForm: PowerLevelForm
  /// Who may send `m.room.aliases` is decided by its server alone.
  package private(set) var aliasesBelongToServers: Bool
  /// Whether a redaction may be sent depends on what it redacts.
  package private(set) var redactionsNeedAuthority: Bool
  /// The `notifications` of the power levels are guarded like `events`.
  package private(set) var guardsNotificationLevels: Bool

  package private(set) var creatorProperty: CreatorProperty
  package private(set) var redactsProperty: RedactsProperty
  /// The room id is the create event's hash, so that event has no `room_id` and is implied in
  /// everybody's `auth_events`.
  package private(set) var roomIDIsCreateHash: Bool
  /// The room's creators stand above every power level.
  package private(set) var creatorsArePrivileged: Bool

  // spec: rooms/v1
  static let v1 = RoomVersionRules(
    stateResolution: .v1, eventIDs: .stated, redaction: .v1, jsonIsStrict: false,
    maximumDepth: .max, enforcesKeyValidity: false, joinRules: [.public, .invite],
    powerLevelForm: .numberOrText, aliasesBelongToServers: true, redactionsNeedAuthority: true,
    guardsNotificationLevels: false, creatorProperty: .content, redactsProperty: .topLevel,
    roomIDIsCreateHash: false, creatorsArePrivileged: false)

  // spec: rooms/v2
  static let v2 = v1.except { $0.stateResolution = .v2 }

  // spec: rooms/v3
  static let v3 = v2.except {
    $0.eventIDs = .hash
    $0.redactionsNeedAuthority = false
  }

  // spec: rooms/v4
  static let v4 = v3.except { $0.eventIDs = .urlSafeHash }

  // spec: rooms/v5
  static let v5 = v4.except { $0.enforcesKeyValidity = true }

  // spec: rooms/v6
  static let v6 = v5.except {
    $0.jsonIsStrict = true
    $0.maximumDepth = JSONView.largestInteger
    $0.redaction = .v6
    $0.powerLevelForm = .integerOrText
    $0.aliasesBelongToServers = false
    $0.guardsNotificationLevels = true
  }

  // spec: rooms/v7
  static let v7 = v6.except { $0.joinRules.insert(.knock) }

  // spec: rooms/v8
  static let v8 = v7.except {
    $0.joinRules.insert(.restricted)
    $0.redaction = .v8
  }

  // spec: rooms/v9
  static let v9 = v8.except { $0.redaction = .v9 }

  // spec: rooms/v10
  static let v10 = v9.except {
    $0.joinRules.insert(.knockRestricted)
    $0.powerLevelForm = .integer
  }

  // spec: rooms/v11
  static let v11 = v10.except {
    $0.redaction = .v11
    $0.creatorProperty = .sender
    $0.redactsProperty = .content
  }

  // spec: rooms/v12
  static let v12 = v11.except {
    $0.stateResolution = .v2Point1
    $0.roomIDIsCreateHash = true
    $0.creatorsArePrivileged = true
  }

  private func except(_ change: (inout RoomVersionRules) -> Void) -> RoomVersionRules {
    var changed = self
    change(&changed)
    return changed
  }
}

extension RoomVersionRules {
  /// An event names others by their ids with their hashes: ids that are hashes need none.
  package var referencesCarryHashes: Bool { eventIDs == .stated }
  package var allowsKnocking: Bool { joinRules.contains(.knock) }
  package var allowsRestrictedJoins: Bool { joinRules.contains(.restricted) }

  /// The depth of an event whose deepest previous event is that deep.
  package func depth(after previous: Int64) -> Int64 {
    previous < maximumDepth ? previous + 1 : maximumDepth
  }

  /// Whether a key may vouch for an event.
  ///
  /// spec: rooms/v5#signing-key-validity-period
  /// - Parameters:
  ///   - validUntil: the key's `valid_until_ts`, bounded to seven days after it was fetched, in
  ///     milliseconds since 1970.
  ///   - timestamp: the event's `origin_server_ts`.
  package func acceptsKey(validUntil: Int64, at timestamp: Int64) -> Bool {
    !enforcesKeyValidity || validUntil >= timestamp
  }
}
