package io.hypernetes.apiserver.service;

import io.hypernetes.store.Operation;
import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/// Gives services their addresses and node ports, and takes them back. Thread-safe.
///
/// Whatever is given or taken back is written by the returned operations in the very commit that writes the service, so that no crash
/// and no race can give a thing twice or lose it. When the commit meets a conflict, the method is called again with the service as it was.
public interface ServiceAllocator {
    /// Completes a new or changed service, and takes back what it no longer has.
    ///
    /// @param tenant whose service it is
    /// @param service with its defaults, and with what it had before where its writer said nothing; gets addresses, families and ports
    /// @param old as it is stored; empty for a new service
    /// @return what the commit must check or write beside the service
    /// @throws io.hypernetes.objects.ApiException 422 when what the service asks for cannot be given, 500 when nothing is left
    List<Operation> settle(String tenant, ObjectNode service, ObjectNode old);

    /// What takes back everything of a service that goes.
    List<Operation> release(String tenant, ObjectNode service);
}
