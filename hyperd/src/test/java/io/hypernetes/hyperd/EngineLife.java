package io.hypernetes.hyperd;

/// What a client does with an engine from the making of something to its removal. It remembers what it asked for and what it was told, and can so say
/// after a death of the engine what must be there.
interface EngineLife {
    /// The whole life.
    ///
    /// @throws Exception when a call fails: the engine has died
    void live() throws Exception;

    /// Asks an engine that has just come back, compares with what it must be, and lives the rest.
    ///
    /// @param when for messages
    void checkAndEnd(String when) throws Exception;
}
