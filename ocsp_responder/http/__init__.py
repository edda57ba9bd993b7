"""OCSP over HTTP (RFC 6960, appendix A; RFC 9919): framework-free rules, and the Flask application on them."""
