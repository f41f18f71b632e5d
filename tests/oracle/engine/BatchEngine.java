import com._4paradigm.openmldb.batch.api.OpenmldbSession;
import com._4paradigm.openmldb.batch.utils.DataSourceUtil;
import com._4paradigm.openmldb.proto.Common;
import com._4paradigm.openmldb.proto.Type;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.sql.Date;
import java.sql.Timestamp;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import scala.Tuple2;

/**
 * OpenMLDB's batch engine behind standard input and output, one line of JSON per request and per answer.
 *
 * <pre>
 * {"table": "t", "columns": [["k", "int"], ...], "rows": [[1, ...], ...]}  ->  {"ok": true}
 * {"sql": "SELECT ..."}  ->  {"names": [...], "types": [...], "rows": [[...], ...]}  or  {"error": "..."}
 * {"load": "/path", "options": {"header": "true", ...}, "columns": [...]}  ->  what LOAD DATA reads of a CSV file, likewise
 * </pre>
 *
 * A SELECT with INTO OUTFILE has written its files when it answers. The options of a load are Spark's.
 *
 * Its one argument is a folder for scratch files. Timestamps are epoch milliseconds, dates yyyy-MM-dd. A table sent
 * again replaces the former one.
 */
public class BatchEngine {
    private static final ObjectMapper JSON =
        new ObjectMapper().configure(JsonGenerator.Feature.QUOTE_NON_NUMERIC_NUMBERS, false);
    private static SparkSession spark;
    private static OpenmldbSession session;

    public static void main(String[] arguments) throws Exception {
        PrintStream answers = System.out;
        System.setOut(System.err);  // the engine is talkative
        spark = SparkSession.builder().master("local[1]").appName("oracle")
            .config("spark.ui.enabled", "false")
            .config("spark.driver.bindAddress", "127.0.0.1").config("spark.driver.host", "127.0.0.1")
            .config("spark.local.dir", arguments[0]).config("spark.sql.warehouse.dir", arguments[0] + "/warehouse")
            .config("spark.sql.shuffle.partitions", "1").config("spark.default.parallelism", "1")
            .config("spark.sql.session.timeZone", "Asia/Shanghai")  // the zone of hour(), day() and the like
            .getOrCreate();
        spark.sparkContext().setLogLevel("ERROR");
        session = new OpenmldbSession(spark);
        say(answers, new LinkedHashMap<>());
        BufferedReader requests = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
        for (String line = requests.readLine(); line != null; line = requests.readLine()) {
            say(answers, answer(JSON.readTree(line)));
        }
        Runtime.getRuntime().halt(0);  // nothing of Spark is worth an orderly end
    }

    /** The mark tells an answer from what the native part of the engine prints, with or without an end of line. */
    private static void say(PrintStream answers, Map<String, Object> answer) throws Exception {
        answers.write(("\nANSWER " + JSON.writeValueAsString(answer) + "\n").getBytes("UTF-8"));
        answers.flush();
    }

    private static Map<String, Object> answer(JsonNode request) {
        Map<String, Object> answer = new LinkedHashMap<>();
        try {
            if (request.has("table")) {
                register(request);
                answer.put("ok", true);
            } else if (request.has("load")) {
                load(request, answer);
            } else {
                show(session.sql(request.get("sql").asText()).getSparkDf(), answer);
            }
        } catch (Throwable problem) {
            answer.clear();
            answer.put("error", problem.toString());
        }
        return answer;
    }

    private static void register(JsonNode table) {
        StructType schema = new StructType();
        for (JsonNode column : table.get("columns")) {
            schema = schema.add(column.get(0).asText(), sparkType(column.get(1).asText()), true);
        }
        List<Row> rows = new ArrayList<>();
        for (JsonNode row : table.get("rows")) {
            Object[] values = new Object[schema.length()];
            for (int i = 0; i < values.length; i++) {
                values[i] = toSpark(row.get(i), schema.apply(i).dataType());
            }
            rows.add(RowFactory.create(values));
        }
        session.registerTable(table.get("table").asText(), spark.createDataFrame(rows, schema).coalesce(1));
    }

    /** The engine's own reading of a file, without the cluster's catalogue that a whole LOAD DATA asks for the table. */
    private static void load(JsonNode request, Map<String, Object> answer) {
        scala.collection.immutable.Map<String, String> options = scala.collection.immutable.Map$.MODULE$.empty();
        for (Iterator<Map.Entry<String, JsonNode>> i = request.get("options").fields(); i.hasNext();) {
            Map.Entry<String, JsonNode> option = i.next();
            options = options.$plus(new Tuple2<>(option.getKey(), option.getValue().asText()));
        }
        List<Common.ColumnDesc> columns = new ArrayList<>();
        for (JsonNode column : request.get("columns")) {
            columns.add(Common.ColumnDesc.newBuilder().setName(column.get(0).asText())
                .setDataType(protoType(column.get(1).asText())).build());
        }
        show(DataSourceUtil.autoLoad(session, request.get("load").asText(), "csv", options, columns), answer);
    }

    private static void show(Dataset<Row> result, Map<String, Object> answer) {
        List<String> names = new ArrayList<>();
        List<String> types = new ArrayList<>();
        for (StructField field : result.schema().fields()) {
            names.add(field.name());
            types.add(field.dataType().simpleString());
        }
        List<List<Object>> rows = new ArrayList<>();
        for (Row row : result.collectAsList()) {
            List<Object> values = new ArrayList<>();
            for (int i = 0; i < row.length(); i++) {
                values.add(fromSpark(row.get(i)));
            }
            rows.add(values);
        }
        answer.put("names", names);
        answer.put("types", types);
        answer.put("rows", rows);
    }

    private static Type.DataType protoType(String name) {
        switch (name) {
            case "bool": return Type.DataType.kBool;
            case "smallint": return Type.DataType.kSmallInt;
            case "int": return Type.DataType.kInt;
            case "bigint": return Type.DataType.kBigInt;
            case "float": return Type.DataType.kFloat;
            case "double": return Type.DataType.kDouble;
            case "date": return Type.DataType.kDate;
            case "timestamp": return Type.DataType.kTimestamp;
            case "string": return Type.DataType.kString;
            default: throw new IllegalArgumentException("no such type: " + name);
        }
    }

    private static DataType sparkType(String name) {
        switch (name) {
            case "bool": return DataTypes.BooleanType;
            case "smallint": return DataTypes.ShortType;
            case "int": return DataTypes.IntegerType;
            case "bigint": return DataTypes.LongType;
            case "float": return DataTypes.FloatType;
            case "double": return DataTypes.DoubleType;
            case "date": return DataTypes.DateType;
            case "timestamp": return DataTypes.TimestampType;
            case "string": return DataTypes.StringType;
            default: throw new IllegalArgumentException("no such type: " + name);
        }
    }

    private static Object toSpark(JsonNode value, DataType type) {
        if (value.isNull()) return null;
        if (type == DataTypes.BooleanType) return value.asBoolean();
        if (type == DataTypes.ShortType) return (short) value.asInt();
        if (type == DataTypes.IntegerType) return value.asInt();
        if (type == DataTypes.LongType) return value.asLong();
        if (type == DataTypes.FloatType) return (float) value.asDouble();
        if (type == DataTypes.DoubleType) return value.asDouble();
        if (type == DataTypes.DateType) return Date.valueOf(value.asText());
        if (type == DataTypes.TimestampType) return new Timestamp(value.asLong());
        return value.asText();
    }

    private static Object fromSpark(Object value) {
        if (value instanceof Timestamp) return ((Timestamp) value).getTime();
        return value instanceof Date ? value.toString() : value;
    }
}
