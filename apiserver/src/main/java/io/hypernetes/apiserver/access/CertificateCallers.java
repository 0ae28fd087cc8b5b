package io.hypernetes.apiserver.access;

import io.hypernetes.apiserver.request.Caller;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;

/// Tells who a client certificate belongs to; empty when no authority of ours signed it or its time is over.
@FunctionalInterface
public interface CertificateCallers {

    Optional<Caller> callerOf(List<X509Certificate> chain);
}
