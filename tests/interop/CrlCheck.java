import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertPath;
import java.security.cert.CertPathValidator;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertStore;
import java.security.cert.CertificateFactory;
import java.security.cert.CertificateRevokedException;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXParameters;
import java.security.cert.PKIXRevocationChecker;
import java.security.cert.PKIXRevocationChecker.Option;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * Judges certificates by CRLs: CrlCheck CA [CRL,CRL...] CERTIFICATE..., or with "-" for the list to fetch them from the
 * certificates' own distribution points.
 *
 * CRLs alone; what cannot be learnt is refused. Prints a line for each certificate.
 */
final class CrlCheck {
    public static void main(String[] words) throws Exception {
        X509Certificate anchor = certificate(words[0]);
        List<X509CRL> crls = new ArrayList<>();
        if (!words[1].equals("-")) {
            for (String file : words[1].split(",")) {
                crls.add(crl(file));
                crls.get(crls.size() - 1).verify(anchor.getPublicKey());
            }
        }
        for (int place = 2; place < words.length; place++) {
            System.out.println(judge(anchor, crls, certificate(words[place])));
        }
    }

    private static String judge(X509Certificate anchor, List<X509CRL> crls, X509Certificate judged) throws Exception {
        CertPathValidator validator = CertPathValidator.getInstance("PKIX");
        PKIXRevocationChecker checker = (PKIXRevocationChecker) validator.getRevocationChecker();
        checker.setOptions(EnumSet.of(Option.PREFER_CRLS, Option.NO_FALLBACK));
        PKIXParameters parameters = new PKIXParameters(Set.of(new TrustAnchor(anchor, null)));
        parameters.addCertPathChecker(checker);
        parameters.addCertStore(CertStore.getInstance("Collection", new CollectionCertStoreParameters(crls)));
        CertPath path = CertificateFactory.getInstance("X.509").generateCertPath(List.of(judged));
        try {
            validator.validate(path, parameters);
            return "accepted";
        } catch (CertPathValidatorException refused) {
            if (refused.getCause() instanceof CertificateRevokedException revoked) {
                Object since = revoked.getInvalidityDate() == null ? "-" : revoked.getInvalidityDate().toInstant();
                return "revoked " + revoked.getRevocationReason() + " " + since;
            }
            return "refused " + refused.getReason();
        }
    }

    private static X509Certificate certificate(String file) throws Exception {
        try (InputStream stream = Files.newInputStream(Path.of(file))) {
            return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(stream);
        }
    }

    private static X509CRL crl(String file) throws Exception {
        try (InputStream stream = Files.newInputStream(Path.of(file))) {
            return (X509CRL) CertificateFactory.getInstance("X.509").generateCRL(stream);
        }
    }
}
