import MatrixIdentifiers
import Rooms
import Synchronization

/// The members of whom devices that load them lazily have been told, so that they are not told
/// again and again.
///
/// What a device knows has a number, which is part of its token and new whenever members are told.
/// A device that comes with another one, as from another worker or with a token from before an
/// answer that it lost, is taken to know nobody. So nothing is left out that the device may lack;
/// the worst is that it is told twice.
/// spec: client-server-api#lazy-loading-room-members
final class ToldMembers: Sendable {
  struct Limits: Sendable {
    /// Members of one device's rooms, beyond which it is taken to know nobody.
    var ofDevice = 20_000
    /// Members of all devices, about 60 bytes each.
    var members = 400_000
    var devices = 10_000
  }

  private struct Device: Hashable {
    let user: UserID
    let device: String
  }

  /// What one device knows. The device has the answer with `pending` when it comes with its number.
  private struct Record {
    var number: UInt64?
    var known: [RoomID: Set<String>] = [:]
    var pending: (number: UInt64, rooms: [RoomID: NewMembers])?
    var count = 0
    var use: UInt64 = 0

    mutating func settle(limit: Int) {
      guard let (number, rooms) = pending else { return }
      self.number = number
      pending = nil
      for (room, new) in rooms {
        let before = known[room]?.count ?? 0
        if new.replacesKnown { known[room] = nil }
        if !new.users.isEmpty { known[room, default: []].formUnion(new.users) }
        count += (known[room]?.count ?? 0) - before
      }
      if count > limit { (known, count) = ([:], 0) }
    }
  }

  private struct State {
    var records: [Device: Record] = [:]
    var count = 0
    var uses: UInt64 = 0

    /// Takes a record out, so that it can be changed in place.
    mutating func take(_ device: Device) -> Record? {
      guard let record = records.removeValue(forKey: device) else { return nil }
      count -= record.count
      return record
    }

    mutating func put(_ record: Record, _ device: Device) {
      var record = record
      uses += 1
      record.use = uses
      count += record.count
      records[device] = record
    }
  }

  private let limits: Limits
  private let state = Mutex(State())

  init(limits: Limits = Limits()) {
    self.limits = limits
  }

  /// Whom the device knows that makes a request, by room.
  func known(to request: SyncRequest) -> [RoomID: Set<String>] {
    guard let device = device(of: request), let number = request.since?.knowledge else {
      return [:]
    }
    return state.withLock { state in
      guard var record = state.take(device) else { return [:] }
      if record.pending?.number == number { record.settle(limit: limits.ofDevice) }
      state.put(record, device)
      return record.number == number ? record.known : [:]
    }
  }

  /// Notes what an answer tells.
  /// - Returns: the number for the answer's token.
  func note(_ rooms: [RoomID: NewMembers], toldTo request: SyncRequest) -> UInt64? {
    guard let device = device(of: request) else { return nil }
    let before = request.since?.knowledge
    guard !rooms.isEmpty else { return before }
    let number = UInt64.random(in: .min ... .max)
    state.withLock { state in
      var record = state.take(device) ?? Record(number: before)
      // What another number stands for is not known here.
      if record.number != before { record = Record(number: before) }
      record.pending = (number, rooms)
      state.put(record, device)
      evict(&state)
    }
    return number
  }

  private func device(of request: SyncRequest) -> Device? {
    guard request.filter.lazyLoadsMembers, !request.filter.includesRedundantMembers,
      let device = request.deviceID
    else { return nil }
    return Device(user: request.userID, device: device)
  }

  /// Lets go of the devices that asked longest ago while there is more than the limits allow.
  private func evict(_ state: inout State) {
    guard state.records.count > limits.devices || state.count > limits.members else { return }
    for (device, _) in state.records.sorted(by: { $0.value.use < $1.value.use }) {
      guard
        state.records.count > limits.devices * 4 / 5 || state.count > limits.members * 4 / 5
      else { break }
      _ = state.take(device)
    }
  }
}
