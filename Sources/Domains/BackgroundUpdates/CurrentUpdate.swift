package import MatrixJSON
import TaskScheduler

/// What the task of background updates shows of itself; the rest is in their own table.
package struct CurrentUpdate: TaskPayload, Equatable {
  let name: String
  let progress: JSON

  init(_ name: String, _ progress: JSON) {
    self.name = name
    self.progress = progress
  }

  package init(_ json: JSONView) {
    name = json["update"]?.string ?? ""
    progress = json["progress"].map { JSON($0) } ?? .object([:])
  }

  package var json: JSON { ["update": .string(name), "progress": progress] }
}
