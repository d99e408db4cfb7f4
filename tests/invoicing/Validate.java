import java.io.File;
import java.io.FileInputStream;
import java.io.InputStream;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeSet;
import javax.xml.XMLConstants;
import javax.xml.transform.stream.StreamSource;
import javax.xml.validation.Schema;
import javax.xml.validation.SchemaFactory;
import net.sf.saxon.s9api.Processor;
import net.sf.saxon.s9api.XPathCompiler;
import net.sf.saxon.s9api.XdmDestination;
import net.sf.saxon.s9api.XdmItem;
import net.sf.saxon.s9api.Xslt30Transformer;
import net.sf.saxon.s9api.XsltExecutable;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.PDFAParser;
import org.verapdf.pdfa.PDFAValidator;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.TestAssertion;
import org.verapdf.pdfa.results.ValidationResult;

/**
 * Judges every file of a folder in one machine: `*.pdf` by veraPDF, `*.xml` by the schema and the Schematrons.
 *
 *     java Validate.java FOLDER SCHEMA.xsd NAME=SCHEMATRON.xslt…
 *
 * Prints a line for each broken rule, `file TAB rules TAB what`, and `file TAB rules TAB` for what is sound.
 */
public class Validate {
    private static final PDFAFlavour[] FLAVOURS = {PDFAFlavour.PDFA_3_A, PDFAFlavour.PDFUA_1};
    private static final String SVRL = "http://purl.oclc.org/dsdl/svrl";

    public static void main(String[] given) throws Exception {
        File[] files = new File(given[0]).listFiles();
        Arrays.sort(files);
        VeraGreenfieldFoundryProvider.initialise();
        Schema schema = SchemaFactory.newInstance(XMLConstants.W3C_XML_SCHEMA_NS_URI).newSchema(new File(given[1]));
        Processor saxon = new Processor(false);
        Map<String, XsltExecutable> rules = new LinkedHashMap<>();
        for (String pair : Arrays.copyOfRange(given, 2, given.length)) {
            String[] parts = pair.split("=", 2);
            rules.put(parts[0], saxon.newXsltCompiler().compile(new StreamSource(new File(parts[1]))));
        }
        for (File file : files) {
            if (file.getName().endsWith(".pdf")) {
                for (PDFAFlavour flavour : FLAVOURS) print(file, flavour.getId(), paper(file, flavour));
            } else if (file.getName().endsWith(".xml")) {
                print(file, "xsd", schema(file, schema));
                for (String name : rules.keySet()) print(file, name, schematron(file, saxon, rules.get(name)));
            }
        }
    }

    private static void print(File file, String rules, TreeSet<String> faults) {
        if (faults.isEmpty()) System.out.println(file.getName() + "\t" + rules + "\t");
        for (String fault : faults)
            System.out.println(file.getName() + "\t" + rules + "\t" + fault.replaceAll("\\s+", " "));
    }

    private static TreeSet<String> paper(File file, PDFAFlavour flavour) throws Exception {
        TreeSet<String> faults = new TreeSet<>();
        try (InputStream bytes = new FileInputStream(file);
                PDFAParser parser = Foundries.defaultInstance().createParser(bytes, flavour);
                PDFAValidator validator = Foundries.defaultInstance().createValidator(flavour, false)) {
            ValidationResult result = validator.validate(parser);
            for (TestAssertion one : result.getTestAssertions())
                faults.add(one.getRuleId().getClause() + "-" + one.getRuleId().getTestNumber() + " " + one.getMessage());
            if (!result.isCompliant() && faults.isEmpty()) faults.add("not compliant");
        }
        return faults;
    }

    private static TreeSet<String> schema(File file, Schema schema) throws Exception {
        TreeSet<String> faults = new TreeSet<>();
        try {
            schema.newValidator().validate(new StreamSource(file));
        } catch (org.xml.sax.SAXException fault) {
            faults.add(fault.getMessage());
        }
        return faults;
    }

    private static TreeSet<String> schematron(File file, Processor saxon, XsltExecutable rules) throws Exception {
        Xslt30Transformer transformer = rules.load30();
        XdmDestination report = new XdmDestination();
        transformer.transform(new StreamSource(file), report);
        XPathCompiler path = saxon.newXPathCompiler();
        path.declareNamespace("svrl", SVRL);
        TreeSet<String> faults = new TreeSet<>();
        if (path.evaluate("//svrl:fired-rule", report.getXdmNode()).size() == 0) faults.add("no rule was tried");
        for (XdmItem found : path.evaluate("//svrl:failed-assert", report.getXdmNode()))
            faults.add(path.evaluate("concat(@id, ' ', svrl:text)", found).toString());
        return faults;
    }
}
