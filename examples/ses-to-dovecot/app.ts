import { App } from 'aws-cdk-lib';
import { SesToDovecot } from './ses-to-dovecot.ts';

new SesToDovecot(new App(), 'Mail');
