/// The control loops of the master, run once for all tenants.
///
/// Each controller is one small class: it says what wakes it and brings one object to its wanted state. [Controllers] makes the shared
/// caches, gives every controller its queue and threads, and starts and stops them together. They know the API only through `client`.
package io.hypernetes.controllers;
