import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertPathBuilder;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.CertificateRevokedException;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.PKIXRevocationChecker;
import java.security.cert.X509CertSelector;
import java.security.cert.X509Certificate;
import java.util.EnumSet;
import javax.net.ssl.CertPathTrustManagerParameters;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

/**
 * Judges servers' certificates as a TLS client does: OcspCheck ROOT ISSUING SERVER...
 *
 * OCSP alone, at the addresses that the certificates name; what cannot be learnt is refused. Prints a line for each.
 */
final class OcspCheck {
    public static void main(String[] files) throws Exception {
        X509Certificate issuing = read(files[1]);
        for (int place = 2; place < files.length; place++) {
            System.out.println(judge(client(read(files[0])), read(files[place]), issuing));
        }
    }

    private static X509TrustManager client(X509Certificate root) throws Exception {
        PKIXRevocationChecker checker =
            (PKIXRevocationChecker) CertPathBuilder.getInstance("PKIX").getRevocationChecker();
        checker.setOptions(EnumSet.of(PKIXRevocationChecker.Option.NO_FALLBACK));
        KeyStore anchors = KeyStore.getInstance(KeyStore.getDefaultType());
        anchors.load(null, null);
        anchors.setCertificateEntry("root", root);
        PKIXBuilderParameters parameters = new PKIXBuilderParameters(anchors, new X509CertSelector());
        parameters.addCertPathChecker(checker);
        TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
        factory.init(new CertPathTrustManagerParameters(parameters));
        return (X509TrustManager) factory.getTrustManagers()[0];
    }

    private static String judge(X509TrustManager client, X509Certificate server, X509Certificate issuing) {
        try {
            client.checkServerTrusted(new X509Certificate[] {server, issuing}, "ECDHE_ECDSA");
            return "accepted";
        } catch (CertificateException refused) {
            for (Throwable why = refused; why != null; why = why.getCause()) {
                if (why instanceof CertificateRevokedException revoked) {
                    return "revoked " + revoked.getRevocationReason() + " " + revoked.getRevocationDate().toInstant();
                }
                if (why instanceof CertPathValidatorException undecided && !(undecided.getCause() instanceof CertificateRevokedException)) {
                    return "refused " + undecided.getReason() + " at " + undecided.getIndex() + ": " + undecided.getMessage();
                }
            }
            return "refused " + refused;
        }
    }

    private static X509Certificate read(String file) throws Exception {
        try (InputStream stream = Files.newInputStream(Path.of(file))) {
            return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(stream);
        }
    }
}
