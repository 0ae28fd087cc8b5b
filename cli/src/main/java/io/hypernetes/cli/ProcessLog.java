package io.hypernetes.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.rolling.FixedWindowRollingPolicy;
import ch.qos.logback.core.rolling.RollingFileAppender;
import ch.qos.logback.core.rolling.SizeBasedTriggeringPolicy;
import ch.qos.logback.core.util.FileSize;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The log of a process: one file, one line an event, three old files of 32 MB kept.
final class ProcessLog {
    /// gRPC speaks by the JDK's logging, to standard error, and what a pod answers to a probe would be told line by line.
    /// Held here, since a level is forgotten with a logger that nobody holds.
    private static final java.util.logging.Logger GRPC = java.util.logging.Logger.getLogger("io.grpc");

    private ProcessLog() {}

    static void to(Path file) {
        LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
        context.reset();
        PatternLayoutEncoder encoder = new PatternLayoutEncoder();
        encoder.setContext(context);
        encoder.setPattern("%d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX, UTC} %-5level %logger{0} %replace(%msg){'[\\r\\n]+', ' | '}%n%ex");
        encoder.start();

        RollingFileAppender<ILoggingEvent> appender = new RollingFileAppender<>();
        appender.setContext(context);
        appender.setFile(file.toString());
        FixedWindowRollingPolicy old = new FixedWindowRollingPolicy();
        old.setContext(context);
        old.setParent(appender);
        old.setFileNamePattern(file + ".%i");
        old.setMinIndex(1);
        old.setMaxIndex(3);
        old.start();
        SizeBasedTriggeringPolicy<ILoggingEvent> size = new SizeBasedTriggeringPolicy<>();
        size.setContext(context);
        size.setMaxFileSize(FileSize.valueOf("32MB"));
        size.start();
        appender.setRollingPolicy(old);
        appender.setTriggeringPolicy(size);
        appender.setEncoder(encoder);
        appender.start();

        ch.qos.logback.classic.Logger root = context.getLogger(Logger.ROOT_LOGGER_NAME);
        root.setLevel(Level.toLevel(System.getenv("HYPERNETES_LOG"), Level.INFO));
        root.addAppender(appender);
        context.getLogger("io.netty").setLevel(Level.WARN);
        // gRPC sets a TCP option on every connection, and each unix socket would be reported for not having it.
        context.getLogger("io.netty.bootstrap").setLevel(Level.ERROR);
        context.getLogger("io.grpc").setLevel(Level.WARN);
        // It would write down what registries are sent, credentials among it.
        context.getLogger("org.apache.hc").setLevel(Level.WARN);
        GRPC.setLevel(java.util.logging.Level.SEVERE);
    }

    /// A command speaks through its console; only warnings of the libraries are heard, on standard error.
    static void quiet() {
        LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
        context.getLogger(Logger.ROOT_LOGGER_NAME).setLevel(Level.ERROR);
    }
}
