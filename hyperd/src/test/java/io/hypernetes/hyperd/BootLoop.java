package io.hypernetes.hyperd;

import java.nio.file.Files;
import java.nio.file.Path;

/// Boots and removes a pod again and again and prints how long each took. Arguments: folder, times.
public final class BootLoop {
    private BootLoop() {}

    public static void main(String[] arguments) throws Exception {
        Path root = Files.createDirectories(Path.of(arguments[0]));
        try (Lab lab = new Lab(root)) {
            for (int i = 0; i < Integer.parseInt(arguments[1]); i++) {
                long begin = System.nanoTime();
                String sandbox = lab.run(lab.pod("loop" + i));
                System.out.println(i + " " + (System.nanoTime() - begin) / 1_000_000 + " ms");
                lab.remove(sandbox);
            }
            System.out.println("leaks: " + lab.leaks());
        }
    }
}
