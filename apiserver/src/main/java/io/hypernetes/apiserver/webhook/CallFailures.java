package io.hypernetes.apiserver.webhook;

import java.io.IOException;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;

/// Why a call had no answer, in the words that clients know from upstream.
final class CallFailures {
    private static final String UNVERIFIED = "tls: failed to verify certificate: x509: ";

    private CallFailures() {}

    /// Of a call that failed on its way.
    static String said(IOException e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof CertPathBuilderException) {
                return UNVERIFIED + "certificate signed by unknown authority";
            }
            if (cause instanceof CertificateExpiredException || cause instanceof CertificateNotYetValidException) {
                return UNVERIFIED + "certificate has expired or is not yet valid: " + cause.getMessage();
            }
            if (cause instanceof CertificateException && cause.getCause() == null) {
                return UNVERIFIED + cause.getMessage();
            }
        }
        return String.valueOf(e.getMessage());
    }

    /// Of a call that was answered with another status than 200.
    static String said(int status) {
        return switch (status) {
            case 401 -> "the server has asked for the client to provide credentials";
            case 404 -> "the server could not find the requested resource";
            case 429 -> "the server has received too many requests and has asked us to try again later";
            case 500, 502 -> "an error on the server (\"unknown\") has prevented the request from succeeding";
            case 503 -> "the server is currently unable to handle the request";
            case 504 -> "the server was unable to return a response in the time allotted, but may still be processing the request";
            default -> "the server responded with the status code " + status + " but did not return more information";
        };
    }
}
