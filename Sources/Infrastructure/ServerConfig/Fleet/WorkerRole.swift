/// The kinds of process, one executable each.
package enum WorkerRole: String, Sendable, CaseIterable {
  case main, genericWorker, eventPersister, federationSender, pusher, backgroundTasks

  /// What `worker_app` names. Synapse's older names for parts of what is now the generic worker
  /// are understood too.
  package init?(workerApp: String) {
    switch workerApp {
    case "synapse.app.homeserver", "apus.homeserver", "apus.main": self = .main
    case "synapse.app.generic_worker", "synapse.app.appservice", "synapse.app.media_repository",
      "synapse.app.user_dir", "synapse.app.frontend_proxy", "synapse.app.client_reader",
      "synapse.app.federation_reader", "synapse.app.synchrotron", "synapse.app.event_creator",
      "apus.generic_worker":
      self = .genericWorker
    case "apus.event_persister": self = .eventPersister
    case "synapse.app.federation_sender", "apus.federation_sender": self = .federationSender
    case "synapse.app.pusher", "apus.pusher": self = .pusher
    case "apus.background_tasks": self = .backgroundTasks
    default: return nil
    }
  }

  /// The names that a message proposes.
  static let proposedApps = [
    "apus.generic_worker", "apus.event_persister", "apus.federation_sender", "apus.pusher",
    "apus.background_tasks", "synapse.app.generic_worker", "synapse.app.federation_sender",
    "synapse.app.pusher", "synapse.app.homeserver",
  ]

  package var executableName: String {
    switch self {
    case .main: "apus-main"
    case .genericWorker: "apus-generic-worker"
    case .eventPersister: "apus-event-persister"
    case .federationSender: "apus-federation-sender"
    case .pusher: "apus-pusher"
    case .backgroundTasks: "apus-background-tasks"
    }
  }
}

/// Which process of the fleet this is.
package struct ProcessIdentity: Sendable, Hashable {
  package static let mainName = "main"

  /// `main`, or the worker's `worker_name`.
  package let instanceName: String
  package let role: WorkerRole
  /// As it was written, because legacy names imply a duty.
  package let workerApp: String?

  package init(instanceName: String, role: WorkerRole, workerApp: String? = nil) {
    self.instanceName = instanceName
    self.role = role
    self.workerApp = workerApp
  }

  package static let main = ProcessIdentity(instanceName: mainName, role: .main)
  package var isMain: Bool { role == .main }
}

/// What a process does besides answering on its listeners.
package enum Duty: Sendable, Hashable, CaseIterable {
  /// Changes the schema. Main only, so that it happens once.
  case migrate
  /// Answers any client, federation, media and admin request.
  case serveClients
  /// Owns rooms' events.
  case writeEvents
  /// Owns account data, receipts or another of the streams beside events.
  case writeStreams
  case sendFederation
  case push
  case backgroundTasks
  case notifyApplicationServices
  case updateUserDirectory
}
