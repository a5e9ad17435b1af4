// Runs the steps of one Java SDK in this process and reports which of its methods were called.

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

final class Judges {
    interface Step {
        void run(World world) throws Exception;
    }

    /** One SDK's program. */
    interface Judge {
        List<String> publicMethods();

        Map<String, Step> steps();
    }

    private static final Map<String, Judge> JUDGES =
            Map.of("AlipaySdkJava", new AlipaySdkJava(), "WechatpayJava", new WechatpayJava());

    public static void main(String[] words) throws Exception {
        JsonObject told = JsonParser.parseString(Files.readString(Path.of(words[1]))).getAsJsonObject();
        World world = new World(told);
        Judge judge = JUDGES.get(words[0]);
        Map<String, Object> steps = new LinkedHashMap<>();
        for (var name : told.getAsJsonArray("steps")) {
            steps.put(name.getAsString(), outcome(judge.steps().get(name.getAsString()), world));
        }
        String report = new Gson().toJson(Map.of("public", judge.publicMethods(), "steps", steps));
        Files.writeString(Path.of(told.get("report").getAsString()), report);
        System.exit(0); // what SDKs leave running in the background
    }

    private static Map<String, Object> outcome(Step step, World world) {
        long started = System.nanoTime();
        String error = "";
        try {
            World.check(step != null, "it has no such step");
            step.run(world);
        } catch (Exception | AssertionError problem) {
            StringWriter text = new StringWriter();
            problem.printStackTrace(new PrintWriter(text));
            error = text.toString();
        }
        return Map.of("error", error, "called", world.takeCalled(), "seconds", (System.nanoTime() - started) / 1e9);
    }
}
