"""cgwizard: Sonatype Nexus Repository 3 as a pull-through cache of Chainguard's registry."""

__version__ = "0.1.0"
