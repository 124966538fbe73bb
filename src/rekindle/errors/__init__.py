"""Every error that Rekindle raises, as a tree of classes.

    RekindleError                     disposition   exit code
    ├── ConfigError          RK1xx    halt          2
    │   ├── ConfigMissing    RK101
    │   ├── ConfigInvalid    RK102
    │   │   └── TemplateInvalid   RK103
    │   ├── ConfigNotApplied RK104
    │   ├── UnknownScenario  RK105
    │   ├── BadArgument      RK106
    │   ├── WouldRetire      RK110
    │   ├── NamesCollide     RK737
    │   └── ScenarioRenamed  RK738    retry         1
    ├── DatabaseError        RK2xx    halt          2
    │   ├── DatabaseUnreachable   RK201
    │   │   ├── DatabaseStopping  RK212
    │   │   ├── NoConnectionLeft  RK213
    │   │   └── LoginRefused      RK218
    │   ├── DatabaseUrlMissing    RK202
    │   ├── NotMigrated           RK203
    │   ├── MigrationDrift        RK204
    │   ├── DatabaseUnfit         RK205
    │   ├── PermissionMissing     RK206
    │   ├── PostgresNotFound      RK207
    │   ├── PostgresNotStarted    RK208
    │   ├── StatementTooSlow      RK209
    │   ├── SchemaExposed         RK210
    │   ├── InstallationNotAdopted RK211
    │   ├── DatabaseFull          RK214
    │   ├── OutOfMemory           RK215
    │   ├── InTheWay              RK216
    │   └── ObjectNotReady        RK217
    ├── SourceError          RK3xx    halt          2
    │   ├── SourceViewMissing     RK301
    │   ├── SourceViewWrong       RK302
    │   ├── SourceIndexMissing    RK303
    │   ├── ScenarioQueryInvalid  RK304
    │   ├── ScenarioQueryFailed   RK305
    │   ├── EvaluationFailed      RK306
    │   ├── OutcomeQueryFailed    RK761
    │   └── OutcomeQueryInvalid   RK763
    ├── ProviderError        RK4xx
    │   ├── CredentialsMissing    RK401   halt      2
    │   ├── CredentialsRejected   RK402   halt      2
    │   ├── ProviderUnreachable   RK403   retry     1
    │   ├── PermissionDenied      RK404   halt      2
    │   ├── TargetsRejected       RK405   halt      2
    │   ├── MessagesRejected      RK406   halt      2
    │   ├── FunctionMissing       RK407   halt      2
    │   ├── RequestRejected       RK408   halt      2
    │   └── AnswersUnclear        RK409   halt      2
    ├── RecordFailed         RK501    hold          1
    ├── HeldByGuard          RK502    halt          2
    ├── DemoDisagrees        RK601    drop          1
    ├── SandboxError         RK602    halt          2
    ├── ServerError          RK603    halt          2
    ├── OutputIncomplete     RK604    drop          0
    ├── AlertFailed          RK605    drop          0
    ├── TelemetryMissing     RK740    halt          2
    ├── MetricsRefused       RK741    halt          2
    ├── StillRecipient       RK750    drop          2
    ├── ExportNotWritten     RK751    drop          2
    ├── PersonAmbiguous      RK728    drop          2
    ├── PersonUnknown        RK729    drop          2
    ├── EffectMissing        RK760    halt          2
    ├── TrialRefused         RK762    halt          2
    ├── NotReplayable        RK768    drop          2
    └── RequestError         RK7xx    drop          2
        ├── RequestInvalid        RK701
        ├── KeyRefused            RK702
        ├── KeyTaken              RK703
        ├── RunNotFound           RK704
        ├── RequestTooLarge       RK705
        ├── RequestTooSlow        RK706
        ├── TooManyRuns           RK707   retry     2
        ├── NotNow                RK708   retry     2
        ├── RouteUnknown          RK709
        ├── MethodRefused         RK710
        ├── RequestMalformed      RK711
        ├── Forbidden             RK712
        ├── KeyNameTaken          RK713
        ├── TooManyRequests       RK714   retry     2
        │   └── TooManyTests      RK736   retry     2
        ├── UnknownText           RK715
        ├── TokenRefused          RK720
        ├── SignInRefused         RK755
        ├── IssuerUnavailable     RK721   retry     2
        ├── NotConfirmable        RK731
        ├── ConfirmedTooFew       RK732
        ├── SettledOtherwise      RK733
        ├── TooManyFollowers      RK734   retry     2
        ├── NoTestSend            RK735
        ├── FormRefused           RK758
        ├── CursorInvalid         RK725
        ├── NotFound              RK726
        └── TooManyPlans          RK727   retry     2

The outcome of a send is a value (see `rekindle.model`). Only an error that stops a command is
raised. The docstring of a class is its message when none is given, and `usual_hint` its hint. A
code never changes its meaning once it is released.
"""

from rekindle.errors.base import (
    Disposition,
    RekindleError,
    install,
    of_code,
)
from rekindle.errors.command import (
    AlertFailed,
    DemoDisagrees,
    EffectMissing,
    ExportNotWritten,
    HeldByGuard,
    MetricsRefused,
    NotReplayable,
    OutputIncomplete,
    PersonAmbiguous,
    PersonUnknown,
    RecordFailed,
    SandboxError,
    ServerError,
    StillRecipient,
    TelemetryMissing,
    TrialRefused,
)
from rekindle.errors.configuration import (
    BadArgument,
    ConfigError,
    ConfigInvalid,
    ConfigMissing,
    ConfigNotApplied,
    NamesCollide,
    ScenarioRenamed,
    TemplateInvalid,
    UnknownScenario,
    WouldRetire,
)
from rekindle.errors.database import (
    DatabaseError,
    DatabaseFull,
    DatabaseStopping,
    DatabaseUnfit,
    DatabaseUnreachable,
    DatabaseUrlMissing,
    InstallationNotAdopted,
    InTheWay,
    LoginRefused,
    MigrationDrift,
    NoConnectionLeft,
    NotMigrated,
    ObjectNotReady,
    OutOfMemory,
    PermissionMissing,
    PostgresNotFound,
    PostgresNotStarted,
    SchemaExposed,
    StatementTooSlow,
)
from rekindle.errors.provider import (
    AnswersUnclear,
    CredentialsMissing,
    CredentialsRejected,
    FunctionMissing,
    MessagesRejected,
    PermissionDenied,
    ProviderError,
    ProviderUnreachable,
    RequestRejected,
    TargetsRejected,
)
from rekindle.errors.request import (
    ConfirmedTooFew,
    CursorInvalid,
    Forbidden,
    FormRefused,
    IssuerUnavailable,
    KeyNameTaken,
    KeyRefused,
    KeyTaken,
    MethodRefused,
    NotConfirmable,
    NoTestSend,
    NotFound,
    NotNow,
    RequestError,
    RequestInvalid,
    RequestMalformed,
    RequestTooLarge,
    RequestTooSlow,
    RouteUnknown,
    RunNotFound,
    SettledOtherwise,
    SignInRefused,
    TokenRefused,
    TooManyFollowers,
    TooManyPlans,
    TooManyRequests,
    TooManyRuns,
    TooManyTests,
    UnknownText,
)
from rekindle.errors.source import (
    EvaluationFailed,
    OutcomeQueryFailed,
    OutcomeQueryInvalid,
    ScenarioQueryFailed,
    ScenarioQueryInvalid,
    SourceError,
    SourceIndexMissing,
    SourceViewMissing,
    SourceViewWrong,
)

__all__ = [
    "AlertFailed",
    "AnswersUnclear",
    "BadArgument",
    "ConfigError",
    "ConfigInvalid",
    "ConfigMissing",
    "ConfigNotApplied",
    "ConfirmedTooFew",
    "CredentialsMissing",
    "CredentialsRejected",
    "CursorInvalid",
    "DatabaseError",
    "DatabaseFull",
    "DatabaseStopping",
    "DatabaseUnfit",
    "DatabaseUnreachable",
    "DatabaseUrlMissing",
    "DemoDisagrees",
    "Disposition",
    "EffectMissing",
    "EvaluationFailed",
    "ExportNotWritten",
    "Forbidden",
    "FormRefused",
    "FunctionMissing",
    "HeldByGuard",
    "InTheWay",
    "InstallationNotAdopted",
    "IssuerUnavailable",
    "KeyNameTaken",
    "KeyRefused",
    "KeyTaken",
    "LoginRefused",
    "MessagesRejected",
    "MethodRefused",
    "MetricsRefused",
    "MigrationDrift",
    "NamesCollide",
    "NoConnectionLeft",
    "NoTestSend",
    "NotConfirmable",
    "NotFound",
    "NotMigrated",
    "NotNow",
    "NotReplayable",
    "ObjectNotReady",
    "OutOfMemory",
    "OutcomeQueryFailed",
    "OutcomeQueryInvalid",
    "OutputIncomplete",
    "PermissionDenied",
    "PermissionMissing",
    "PersonAmbiguous",
    "PersonUnknown",
    "PostgresNotFound",
    "PostgresNotStarted",
    "ProviderError",
    "ProviderUnreachable",
    "RecordFailed",
    "RekindleError",
    "RequestError",
    "RequestInvalid",
    "RequestMalformed",
    "RequestRejected",
    "RequestTooLarge",
    "RequestTooSlow",
    "RouteUnknown",
    "RunNotFound",
    "SandboxError",
    "ScenarioQueryFailed",
    "ScenarioQueryInvalid",
    "ScenarioRenamed",
    "SchemaExposed",
    "ServerError",
    "SettledOtherwise",
    "SignInRefused",
    "SourceError",
    "SourceIndexMissing",
    "SourceViewMissing",
    "SourceViewWrong",
    "StatementTooSlow",
    "StillRecipient",
    "TargetsRejected",
    "TelemetryMissing",
    "TemplateInvalid",
    "TokenRefused",
    "TooManyFollowers",
    "TooManyPlans",
    "TooManyRequests",
    "TooManyRuns",
    "TooManyTests",
    "TrialRefused",
    "UnknownScenario",
    "UnknownText",
    "WouldRetire",
    "install",
    "of_code",
]
